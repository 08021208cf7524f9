import { describe, expect, it } from 'vitest'
import { prepareMicro } from '../../shared/race/prepare-micro.fixture.ts'
import { nonceRange } from '../../shared/race/race-path.ts'
import { describeRacePath } from '../../shared/race/race-path.suite.ts'
import { createWasmPath } from '../../shared/race/wasm/wasm-path.ts'
import { startNodeLane } from './start-node-lane.ts'

describeRacePath(
  'WebAssembly on two threads',
  () => createWasmPath({ threads: { count: 2, startLane: startNodeLane } }),
  { nonces: 2052 },
)

describe('WebAssembly on threads of Node', () => {
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
})
