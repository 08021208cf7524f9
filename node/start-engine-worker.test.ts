import { describe, expect, it } from 'vitest'
import { describeComputeEngine } from '../shared/engine/compute-engine.suite.ts'
import { stageIdOf } from '../shared/engine/compute-engine.ts'
import type { EngineError } from '../shared/engine/engine-error.ts'
import { packRandomModel } from '../shared/engine/packed-model.fixture.ts'
import type { SessionId } from '../shared/protocol/ids.ts'
import { startEngineWorker } from './start-engine-worker.ts'

const unexpected = (error: EngineError): never => {
  throw error
}

describeComputeEngine('the compute thread of a native peer', (limits) => {
  const { engine, end } = startEngineWorker(limits, unexpected)
  return Promise.resolve({ engine, close: end })
})

describe('the compute thread of a native peer', () => {
  it('leaves the process free to beat while a step computes', async () => {
    const { engine, end } = startEngineWorker({ memoryBudgetBytes: 256 << 20 }, unexpected)
    const { manifest, files } = await packRandomModel('q8', {
      layerCount: 2,
      hiddenSize: 256,
      intermediateSize: 1024,
    })
    const layers = { start: 0, end: 2 }
    await engine.loadStage({ manifest, layers, files })
    const stageId = stageIdOf(manifest.id, layers)
    const sessionId = 'a'.repeat(32) as SessionId // the form of a session id
    const steps = 12
    await engine.openSession({ stageId, sessionId, capacityTokens: 16 * steps })
    let turns = 0
    const count = (): void => {
      turns++
      beat = setImmediate(count)
    }
    let beat = setImmediate(count)
    for (let step = 0; step < steps; step++) {
      const input = { kind: 'tokens', tokenIds: new Int32Array(16).fill(step) } as const
      await engine.forward({ stageId, sessionId, position: 16 * step, input, want: 'none' })
    }
    clearImmediate(beat)
    // In the process's own thread no step lets its loop turn. Of these some do, however busy the machine is.
    expect(turns).toBeGreaterThan(0)
    await end()
  })

  it('fails open calls with a clear error when it is ended', async () => {
    const { engine, end } = startEngineWorker({ memoryBudgetBytes: 1 << 20 }, unexpected)
    const call = expect(engine.capabilities()).rejects.toMatchObject({ data: { code: 'WORKER_FAILED' } })
    await end()
    await call
  })
})
