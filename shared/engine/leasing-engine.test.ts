import { expect, it } from 'vitest'
import { parseSessionId } from '../protocol/ids.ts'
import { ToyEngine } from '../mesh/testing/toy-engine.fixture.ts'
import { settle, VirtualClock } from '../mesh/testing/virtual-clock.fixture.ts'
import { UserFirstGate } from '../race/contest/user-first-gate.ts'
import { stageIdOf, type ForwardParams } from './compute-engine.ts'
import { LeasingEngine, LINGER_MS } from './leasing-engine.ts'

const LAYERS = { start: 0, end: 1 }
const STEP_MS = 40
const stageId = stageIdOf('ab'.repeat(32), LAYERS)
const sessionId = parseSessionId('1'.repeat(32))

const step = (position: number): ForwardParams => ({
  stageId,
  sessionId,
  position,
  input: { kind: 'tokens', tokenIds: Int32Array.of(1) },
  want: 'token',
})

async function startEngine() {
  const clock = new VirtualClock()
  const gate = new UserFirstGate(clock)
  const toy = new ToyEngine({ layers: LAYERS, layerCount: 1, hiddenSize: 1, clock, stepMs: STEP_MS })
  const engine = new LeasingEngine(toy, (durationMs) => gate.lease(durationMs))
  await engine.openSession({ stageId, sessionId, capacityTokens: 8 })
  return { clock, gate, engine }
}

it('holds the device from the start of a step until a while after it, also between two tokens', async () => {
  const { clock, gate, engine } = await startEngine()
  expect(gate.isTaken).toBe(false)
  const first = engine.forward(step(0))
  expect(gate.isTaken).toBe(true)
  await clock.advance(STEP_MS)
  await first
  await clock.advance(LINGER_MS - 1)
  expect(gate.isTaken).toBe(true)
  const second = engine.forward(step(1))
  await clock.advance(STEP_MS)
  await second
  await clock.advance(LINGER_MS)
  expect(gate.isTaken).toBe(false)
})

it('holds the device while one of several steps is under way', async () => {
  const { clock, gate, engine } = await startEngine()
  const steps = [engine.forward(step(0)), engine.forward(step(1))]
  await clock.advance(STEP_MS)
  await steps[0]
  expect(gate.isTaken).toBe(true)
  await clock.advance(2 * STEP_MS)
  await steps[1]
  await clock.advance(LINGER_MS)
  expect(gate.isTaken).toBe(false)
})

it('gives the device back after a step that fails', async () => {
  const { clock, gate, engine } = await startEngine()
  const failing = engine.forward(step(5))
  const failed = expect(failing).rejects.toThrow()
  await clock.advance(STEP_MS)
  await failed
  await settle()
  await clock.advance(LINGER_MS)
  expect(gate.isTaken).toBe(false)
})
