import { expect, it } from 'vitest'
import { VirtualClock } from '../../mesh/testing/virtual-clock.fixture.ts'
import { UserFirstGate } from './user-first-gate.ts'

it('holds the Race while a lease runs, and lets it on when the lease lapses', async () => {
  const clock = new VirtualClock()
  const gate = new UserFirstGate(clock)
  await gate.whenFree()
  gate.lease(100)
  let isFree = false
  void gate.whenFree().then(() => (isFree = true))
  await clock.advance(99)
  expect([gate.isTaken, isFree]).toEqual([true, false])
  await clock.advance(1)
  expect([gate.isTaken, isFree]).toEqual([false, true])
})

it('is prolonged by another lease and given back by one of no length', async () => {
  const clock = new VirtualClock()
  const gate = new UserFirstGate(clock)
  gate.lease(100)
  await clock.advance(80)
  gate.lease(100)
  await clock.advance(80)
  expect(gate.isTaken).toBe(true)
  const free = gate.whenFree()
  gate.lease(0)
  await free
  expect(gate.isTaken).toBe(false)
})
