import { describe, expect, it } from 'vitest'
import { stageIdOf } from './compute-engine.ts'
import type { ForwardParams, ForwardResult } from './compute-engine.ts'
import { PacedEngine } from './paced-engine.ts'
import { parseSessionId } from '../protocol/ids.ts'
import { ToyEngine } from '../mesh/testing/toy-engine.fixture.ts'
import { VirtualClock } from '../mesh/testing/virtual-clock.fixture.ts'

const LAYERS = { start: 0, end: 1 }
const stageId = stageIdOf('ab'.repeat(32), LAYERS)
const sessionId = parseSessionId('1'.repeat(32))

/** Counts the time in which it computes. */
class BusyEngine extends ToyEngine {
  busyMs = 0
  readonly clock: VirtualClock
  durations: number[]

  constructor(clock: VirtualClock, durations: number[]) {
    super({ layers: LAYERS, layerCount: 1, hiddenSize: 1, clock, stepMs: 0 })
    this.clock = clock
    this.durations = durations
  }

  override async forward(params: ForwardParams): Promise<ForwardResult> {
    const durationMs = this.durations.shift() ?? 1
    await new Promise<void>((resolve) => this.clock.after(durationMs, resolve))
    this.busyMs += durationMs
    return super.forward(params)
  }
}

function step(position: number): ForwardParams {
  return {
    stageId,
    sessionId,
    position,
    input: { kind: 'tokens', tokenIds: Int32Array.of(1) },
    want: 'token',
  }
}

async function paced(duty: number, durations: number[]) {
  const clock = new VirtualClock()
  const inner = new BusyEngine(clock, durations)
  const engine = new PacedEngine(inner, clock, duty)
  await engine.openSession({ stageId, sessionId, capacityTokens: 1_000 })
  return { clock, inner, engine }
}

describe('PacedEngine', () => {
  it.each([
    [0.25, 7],
    [0.5, 7],
    [0.5, 0.3],
    [0.9, 4],
    [1, 5],
  ])('computes at most %s of the time in steps of %s ms, and hardly less', async (duty, stepMs) => {
    const { clock, inner, engine } = await paced(duty, new Array<number>(500).fill(stepMs))
    let done = 0
    void (async () => {
      for (let position = 0; position < 500; position++) {
        await engine.forward(step(position))
        done++
      }
    })()
    const windowMs = 100 * stepMs
    await clock.advance(windowMs)
    const share = inner.busyMs / windowMs
    expect(done).toBeGreaterThan(0)
    // One step more may lie in the window than rests; timers are 1 ms coarse.
    expect(share).toBeLessThanOrEqual(duty + 0.01 + 1 / windowMs)
    expect(share).toBeGreaterThan(duty - 0.03 - 1 / windowMs)
  })

  it('does not save rest up while nobody asks', async () => {
    const { clock, inner, engine } = await paced(0.5, [])
    await clock.advance(10_000)
    const all = Promise.all([0, 1, 2, 3].map((position) => engine.forward(step(position))))
    await clock.advance(4)
    expect(inner.busyMs).toBeLessThanOrEqual(3)
    await clock.advance(4)
    await all
    expect(inner.busyMs).toBe(4)
  })

  it('keeps the order of the calls', async () => {
    const { clock, engine } = await paced(0.5, [9, 1, 5, 1])
    const order: number[] = []
    const all = [0, 1, 2, 3].map((position) =>
      engine.forward(step(position)).then(() => order.push(position)),
    )
    await clock.advance(200)
    await Promise.all(all)
    expect(order).toEqual([0, 1, 2, 3])
  })

  it('hands an error to its caller only, and goes on', async () => {
    const { clock, engine } = await paced(0.5, [])
    const wrong = engine.forward(step(5))
    const refused = expect(wrong).rejects.toMatchObject({ data: { code: 'BAD_POSITION' } })
    const right = engine.forward(step(0))
    await clock.advance(50)
    await refused
    expect(await right).toMatchObject({ kind: 'token' })
  })

  it('takes a new duty from the next step on', async () => {
    const { clock, inner, engine } = await paced(0.1, [])
    const first = engine.forward(step(0))
    await clock.advance(1)
    await first
    engine.setDuty(1)
    const rest = Promise.all([1, 2, 3, 4].map((position) => engine.forward(step(position))))
    await clock.advance(9 + 4)
    await rest
    expect(inner.busyMs).toBe(5)
  })
})
