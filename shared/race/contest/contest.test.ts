import { describe, expect, it } from 'vitest'
import { settle, VirtualClock } from '../../mesh/testing/virtual-clock.fixture.ts'
import { toHex } from '../../protocol/ids.ts'
import { rootOfClaims } from '../claims/claim-accumulator.ts'
import { countMultiplyAccumulates, RACE_CLASSES } from '../race-class.ts'
import { RacePathError } from '../race-path-error.ts'
import { parseNodeSeed, parseRaceSeed } from '../seeds.ts'
import { MAX_DISPATCH_MS } from './batch-sizer.ts'
import { Contest, type ContestParts, type ContestProgress, type ContestResult } from './contest.ts'
import { deviceLost, FakePath } from './fake-path.fixture.ts'
import { UserFirstGate } from './user-first-gate.ts'

const WALL_START_MS = 1_800_000_000_000
const SEED = new Uint8Array(32).fill(7)
const micro = RACE_CLASSES.micro

/** A contest on virtual time, started, with everything that it told. */
function start(
  options: {
    path?: (clock: VirtualClock) => FakePath
    durationMs?: number
    firstNonce?: number
    parts?: Partial<ContestParts>
    gate?: boolean
  } = {},
) {
  const clock = new VirtualClock()
  const path = options.path?.(clock) ?? new FakePath(clock)
  const gate = new UserFirstGate(clock)
  const phases: string[] = []
  const hits: number[] = []
  const roots: string[] = []
  const contest = new Contest(
    {
      raceClass: micro,
      raceSeed: parseRaceSeed(SEED),
      nodeSeed: parseNodeSeed(SEED),
      deadlineAtMs: WALL_START_MS + (options.durationMs ?? 10_000),
      firstNonce: options.firstNonce,
    },
    {
      openPath: () => Promise.resolve(path),
      clock,
      wallClock: () => WALL_START_MS + clock.now(),
      gate,
      createYield: () => ({ yield: () => Promise.resolve(), close: () => undefined }),
      onProgress: ({ phase }: ContestProgress) => {
        if (phases.at(-1) !== phase) phases.push(phase)
      },
      onHits: (nonces, { root }) => {
        hits.push(...nonces)
        roots.push(root)
      },
      ...options.parts,
    },
  )
  const state: { result: ContestResult | null } = { result: null }
  void contest.run().then((result) => (state.result = result))
  return { clock, path, gate, contest, phases, hits, roots, state }
}

describe('a contest', () => {
  it('tries nonces in order until the deadline and claims every hit among them', async () => {
    const { clock, path, state, hits } = start({ firstNonce: 5 })
    await clock.advance(9_999)
    expect(state.result).toBeNull()
    // The last dispatch ends a little later.
    await clock.advance(2)
    const result = state.result!
    expect(result.outcome).toEqual({ kind: 'deadline' })
    expect(result.startedAtMs).toBe(WALL_START_MS)
    expect(result.endedAtMs).toBe(WALL_START_MS + 10_000)
    let next = 5
    for (const { first, count } of path.batches) {
      expect(first).toBe(next)
      next += count
    }
    // 0.4 ms a nonce.
    expect(result.nonceCount).toBeGreaterThan(24_000)
    expect(result.nonceCount).toBeLessThanOrEqual(25_000)
    const expected = Array.from({ length: result.nonceCount }, (_, i) => 5 + i).filter((n) => n % 10 === 0)
    expect(result.claimedNonces).toEqual(expected)
    expect(hits).toEqual(expected)
    expect(path.disposed).toBe(1)
  })

  it('commits to the hits as they come', async () => {
    const { clock, state, roots, hits, contest } = start()
    await clock.advance(1_000)
    expect(roots.length).toBeGreaterThan(5)
    expect(roots.at(-1)).toBe(toHex(rootOfClaims(hits)))
    expect(contest.commitment).toMatchObject({ claimCount: hits.length, root: roots.at(-1) })
    contest.stop()
    await clock.advance(50)
    expect(state.result).toMatchObject({ root: toHex(rootOfClaims(hits)), outcome: { kind: 'stopped' } })
    expect(state.result!.claimedNonces).toEqual(hits)
  })

  it('sees every score when asked to, and claims the same', async () => {
    let scored = 0
    const { clock, state, hits } = start({
      durationMs: 1_000,
      parts: { onScores: (nonces) => (scored += nonces.length) },
    })
    await clock.advance(1_001)
    expect(scored).toBe(state.result!.nonceCount)
    expect(hits).toEqual(state.result!.claimedNonces)
    expect(hits.length).toBeGreaterThan(200)
  })

  it('does not claim what it finds after the deadline', async () => {
    // The first batch of 25 takes 10 ms.
    const { clock, path, state, hits } = start({ durationMs: 8 })
    await clock.advance(200)
    expect(path.batches).toHaveLength(1)
    expect(hits).toEqual([])
    expect(state.result).toMatchObject({
      outcome: { kind: 'deadline' },
      endedAtMs: WALL_START_MS + 8,
      nonceCount: 0,
      claimedNonces: [],
    })
  })

  it('uses the time before the deadline for a smaller batch', async () => {
    const { clock, path, state } = start({ durationMs: 15 })
    await clock.advance(200)
    expect(path.batches[1]!.count).toBe(10)
    expect(state.result!.nonceCount).toBeGreaterThanOrEqual(35)
  })

  it('has nothing to do after the deadline', async () => {
    const { clock, path, state } = start({ durationMs: -1 })
    await clock.advance(1)
    expect(state.result).toMatchObject({ outcome: { kind: 'deadline' }, nonceCount: 0, claimedNonces: [] })
    expect(path.prepared).toBe(0)
  })

  it('ends with the last nonce', async () => {
    const { clock, state } = start({ firstNonce: 0xffff_ffff - 29 })
    await clock.advance(1_000)
    const result = state.result!
    expect(result.outcome).toEqual({ kind: 'nonces-used-up' })
    expect(result.nonceCount).toBe(30)
    expect(result.claimedNonces).toEqual([4_294_967_270, 4_294_967_280, 4_294_967_290])
  })

  it('keeps dispatches short on a device that is slower than its path predicts', async () => {
    const dispatches: number[] = []
    const { clock, path } = start({ path: (c) => new FakePath(c, { msPerNonce: 20 }) })
    await clock.advance(5_000)
    for (const { count } of path.batches.slice(1)) dispatches.push(count * 20)
    expect(dispatches.length).toBeGreaterThan(8)
    expect(Math.max(...dispatches)).toBeLessThanOrEqual(MAX_DISPATCH_MS)
  })
})

describe('whoever goes first', () => {
  it('waits within one dispatch for a user, and goes on when the device is free', async () => {
    const { clock, path, gate, contest, phases } = start()
    await clock.advance(1_000)
    gate.lease(2_000)
    await clock.advance(10)
    expect(contest.progress.phase).toBe('yielding')
    const { length } = path.batches
    await clock.advance(1_900)
    expect(path.batches).toHaveLength(length)
    await clock.advance(500)
    expect(path.batches.length).toBeGreaterThan(length)
    expect(phases).toEqual(['opening', 'preparing', 'racing', 'yielding', 'racing'])
  })

  it('pauses and resumes, while the deadline goes on', async () => {
    const { clock, path, contest, state } = start()
    await clock.advance(1_000)
    contest.pause()
    await clock.advance(10)
    const { length } = path.batches
    await clock.advance(3_000)
    expect(path.batches).toHaveLength(length)
    expect(contest.progress).toMatchObject({ phase: 'paused', remainingMs: 5_990 })
    contest.resume()
    await clock.advance(1_000)
    expect(path.batches.length).toBeGreaterThan(length)
    contest.pause()
    await clock.advance(6_000)
    expect(state.result?.outcome).toEqual({ kind: 'deadline' })
  })

  it('stops while paused', async () => {
    const { clock, contest, state } = start()
    await clock.advance(500)
    contest.pause()
    await clock.advance(100)
    contest.stop()
    await settle()
    expect(state.result?.outcome).toEqual({ kind: 'stopped' })
  })

  it.each([
    ['full', 1],
    ['balanced', 0.5],
    ['quiet', 0.25],
  ])('computes for its share of the time: %s', async (_, duty) => {
    const { clock, contest, state } = start({ parts: { duty } })
    await clock.advance(10_001)
    const whole = 25_000
    expect(state.result!.nonceCount / whole).toBeGreaterThan(duty * 0.95)
    expect(state.result!.nonceCount / whole).toBeLessThanOrEqual(duty * 1.01)
    expect(contest.progress.noncesPerSecond).toBeGreaterThan(2_500 * duty * 0.9)
  })

  it('takes another power position at once', async () => {
    const { clock, contest } = start()
    await clock.advance(2_000)
    const before = contest.commitment.nonceCount
    contest.setDuty(0.25)
    await clock.advance(2_000)
    const slower = contest.commitment.nonceCount - before
    expect(slower / before).toBeGreaterThan(0.2)
    expect(slower / before).toBeLessThan(0.35)
  })
})

describe('a device that fails', () => {
  it('is opened again after a pause, and no nonce is lost or tried twice', async () => {
    const { clock, path, contest, state, phases } = start()
    await clock.advance(1_000)
    path.failWith = deviceLost()
    await clock.advance(50)
    expect(contest.progress).toMatchObject({ phase: 'recovering', deviceLosses: 1 })
    await clock.advance(9_000)
    expect(phases).toEqual([
      'opening',
      'preparing',
      'racing',
      'recovering',
      'opening',
      'preparing',
      'racing',
      'ended',
    ])
    expect(path.prepared).toBe(2)
    expect(path.disposed).toBe(2)
    const { nonceCount, claimedNonces } = state.result!
    expect(claimedNonces).toEqual(Array.from({ length: Math.ceil(nonceCount / 10) }, (_, i) => 10 * i))
  })

  it('is given up after four losses, with what was found', async () => {
    const { clock, path, state } = start({ durationMs: 60_000 })
    for (let loss = 0; loss < 4; loss++) {
      await clock.advance(3_000)
      path.failWith = deviceLost()
    }
    await clock.advance(3_000)
    expect(state.result!.outcome).toMatchObject({
      kind: 'failed',
      error: { name: 'RacePathError', data: { code: 'DEVICE_LOST' } },
    })
    expect(state.result!.claimedNonces.length).toBeGreaterThan(100)
  })

  it('is not tried again where that would not help', async () => {
    const { clock, path, state } = start()
    await clock.advance(1_000)
    path.failWith = new RacePathError('It computes wrongly.', {
      data: { code: 'DEVICE_WRONG', adapter: 'virtual' },
    })
    await clock.advance(100)
    expect(state.result!.outcome).toMatchObject({ kind: 'failed', error: { data: { code: 'DEVICE_WRONG' } } })
    expect(path.prepared).toBe(1)
  })

  it('can be stopped during the pause', async () => {
    const { clock, path, contest, state } = start()
    await clock.advance(1_000)
    path.failWith = deviceLost()
    await clock.advance(50)
    contest.stop()
    await settle()
    expect(state.result?.outcome).toEqual({ kind: 'stopped' })
  })
})

describe('figures', () => {
  it('are those of the work: rate, operations and the share of a measured peak', async () => {
    const cost = countMultiplyAccumulates(micro)
    const { clock, contest } = start({
      path: (c) => new FakePath(c, { peak: 5_000 * cost }),
      parts: { duty: 0.5 },
    })
    await clock.advance(8_000)
    const { noncesPerSecond, multiplyAccumulatesPerSecond, shareOfPeak } = contest.progress
    expect(noncesPerSecond).toBeGreaterThan(1_200)
    expect(noncesPerSecond).toBeLessThan(1_300)
    expect(multiplyAccumulatesPerSecond).toBe(noncesPerSecond! * cost)
    // While it computes it does 2,500 nonces a second, whatever its power.
    expect(shareOfPeak).toBeCloseTo(0.5, 6)
  })

  it('are null where nothing was measured', async () => {
    const { clock, contest } = start()
    expect(contest.progress).toMatchObject({
      noncesPerSecond: null,
      multiplyAccumulatesPerSecond: null,
      shareOfPeak: null,
      remainingMs: 10_000,
    })
    await clock.advance(1_000)
    expect(contest.progress.noncesPerSecond).toBeGreaterThan(2_000)
    expect(contest.progress.shareOfPeak).toBeNull()
  })
})
