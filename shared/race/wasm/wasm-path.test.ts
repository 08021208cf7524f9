import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { startNodeLane } from '../../../node/race/start-node-lane.ts'
import { RACE_CLASSES } from '../race-class.ts'
import { nonceRange, type RacePath } from '../race-path.ts'
import { describeRacePath } from '../race-path.suite.ts'
import { createReferencePath } from '../reference/reference-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import { createWasmPath } from './wasm-path.ts'

describeRacePath('the reference as a path', createReferencePath, { nonces: 40 })
describeRacePath('WebAssembly on one thread', createWasmPath, { nonces: 2052 })
describeRacePath(
  'WebAssembly on two threads',
  () => createWasmPath({ threads: { count: 2, startLane: startNodeLane } }),
  { nonces: 2052 },
)
// Room for one layer of `micro`, not for six.
describeRacePath(
  'WebAssembly with weights that do not fit',
  () => createWasmPath({ memoryLimitBytes: 2 ** 20 }),
  {
    nonces: 100,
  },
)

describe('WebAssembly', () => {
  it('is committed as its sources compile', { timeout: 60_000 }, () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build-race-wasm.mjs', '--check'], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('refuses to run a Race that was disposed of', async () => {
    const path = createWasmPath()
    const { race, nodeSeed } = await prepareMicro(path)
    race.dispose()
    race.dispose()
    await expect(race.findHits({ nodeSeed, nonces: nonceRange(0, 4) })).rejects.toMatchObject({
      name: 'RacePathError',
      data: { code: 'DISPOSED' },
    })
    await path.dispose()
  })

  it('says that it was disposed of when that happens under a batch', async () => {
    const path = createWasmPath({ threads: { count: 2, startLane: startNodeLane } })
    const { race, nodeSeed } = await prepareMicro(path)
    const running = race.findHits({ nodeSeed, nonces: nonceRange(0, 4 * race.batchNonces) })
    race.dispose()
    await expect(running).rejects.toMatchObject({ data: { code: 'DISPOSED' } })
    await path.dispose()
  })

  it('fails clearly when a thread dies', async () => {
    let kill = (): Promise<void> => Promise.resolve()
    const path = createWasmPath({
      threads: {
        count: 2,
        startLane: async (module, memory) => {
          const lane = await startNodeLane(module, memory)
          kill = () => lane.stop()
          return lane
        },
      },
    })
    const { race, nodeSeed } = await prepareMicro(path)
    await kill()
    await expect(race.findHits({ nodeSeed, nonces: nonceRange(0, 512) })).rejects.toMatchObject({
      data: { code: 'THREAD_FAILED' },
    })
    await path.dispose()
  })

  it('says what it measured of the processor', async () => {
    const path = createWasmPath()
    // No processor of today does less than a tenth of one operation per cycle, or more than a hundred.
    const peak = await path.measurePeak?.()
    expect(peak).toBeGreaterThan(1e8)
    expect(peak).toBeLessThan(1e12)
    await path.dispose()
  })
})

async function prepareMicro(path: RacePath) {
  const raceClass = RACE_CLASSES.micro
  const raceSeed = await deriveRaceSeed(new Uint8Array(32), raceClass)
  return {
    race: await path.prepare({ raceClass, raceSeed }),
    nodeSeed: await deriveNodeSeed(new Uint8Array(32)),
  }
}
