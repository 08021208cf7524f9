import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { prepareMicro } from '../prepare-micro.fixture.ts'
import { nonceRange } from '../race-path.ts'
import { describeRacePath } from '../race-path.suite.ts'
import { createReferencePath } from '../reference/reference-path.ts'
import { createWasmPath } from './wasm-path.ts'

describeRacePath('the reference as a path', createReferencePath, { nonces: 40 })
describeRacePath('WebAssembly on one thread', createWasmPath, { nonces: 2052 })
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

  it('says what it measured of the processor', async () => {
    const path = createWasmPath()
    // No processor of today does less than a tenth of one operation per cycle, or more than a hundred.
    const peak = await path.measurePeak?.()
    expect(peak).toBeGreaterThan(1e8)
    expect(peak).toBeLessThan(1e12)
    await path.dispose()
  })
})
