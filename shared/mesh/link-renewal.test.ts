import { describe, expect, it, vi } from 'vitest'
import { LinkRenewal, type LimitedConnection } from './link-renewal.ts'
import { silentLogger } from './ports.ts'
import { settle, VirtualClock } from './testing/virtual-clock.fixture.ts'

const BEAT = 24
const FRAME = 8_240
const TOTAL_BYTES = 1_000_000
const TOTAL_SECONDS = 1_000

/** Without `limits` a relay that says none. */
function connectionOf(limits?: { bytes?: bigint; seconds?: number }): LimitedConnection {
  return { limits, timeline: { open: Date.now() } } as LimitedConnection // `limits` may be undefined
}

function limited(): LimitedConnection & { limits: { bytes: bigint; seconds: number } } {
  const limits = { bytes: BigInt(TOTAL_BYTES), seconds: TOTAL_SECONDS }
  return { limits, timeline: { open: Date.now() } }
}

/** A renewal on virtual time; every new connection is fresh. */
function renewing(connection: LimitedConnection = limited()) {
  const clock = new VirtualClock()
  const made: LimitedConnection[] = []
  const move = vi.fn((_from: LimitedConnection) => {
    const next = limited()
    made.push(next)
    return Promise.resolve<LimitedConnection>(next)
  })
  const renewal = new LinkRenewal({ connection, move, clock, logger: silentLogger })
  /** Messages of one size every 150 ms, as beats come. */
  const flow = async (messageBytes: number, durationMs: number): Promise<void> => {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 150) {
      renewal.onMessage(messageBytes)
      await clock.advance(150)
    }
  }
  return { clock, made, move, flow, renewal }
}

describe('LinkRenewal', () => {
  it('moves a link that has used half of its bytes in the pause after a session, once', async () => {
    const connection = limited()
    const { flow, move } = renewing(connection)
    connection.limits.bytes = 400_000n
    await flow(FRAME, 10_000)
    expect(move).not.toHaveBeenCalled()
    await flow(BEAT, 900)
    expect(move).not.toHaveBeenCalled()
    await flow(BEAT, 60_000)
    expect(move).toHaveBeenCalledExactlyOnceWith(connection)
  })

  it('leaves a link that has used less than half where it is', async () => {
    const connection = limited()
    const { flow, move } = renewing(connection)
    connection.limits.bytes = 600_000n
    await flow(BEAT, 60_000)
    expect(move).not.toHaveBeenCalled()
  })

  it('moves in the middle of a session only when less than a quarter of the bytes is left', async () => {
    const connection = limited()
    const { flow, move } = renewing(connection)
    connection.limits.bytes = 250_000n
    await flow(FRAME, 30_000)
    expect(move).not.toHaveBeenCalled()
    connection.limits.bytes = 249_999n
    await flow(FRAME, 150)
    expect(move).toHaveBeenCalledOnce()
  })

  it('moves in a pause once a quarter of the time is left, in a session once a tenth is', async () => {
    const quiet = renewing()
    await quiet.flow(BEAT, 740_000)
    expect(quiet.move).not.toHaveBeenCalled()
    await quiet.flow(BEAT, 20_000)
    expect(quiet.move).toHaveBeenCalledOnce()
    const busy = renewing()
    await busy.flow(FRAME, 890_000)
    expect(busy.move).not.toHaveBeenCalled()
    await busy.flow(FRAME, 20_000)
    expect(busy.move).toHaveBeenCalledOnce()
  })

  it('goes by what the relay lets pass of the newest connection', async () => {
    const connection = limited()
    const { flow, move, made } = renewing(connection)
    for (let count = 1; count <= 3; count++) {
      const current = made.at(-1) ?? connection
      if (current.limits !== undefined) current.limits.bytes = 10_000n
      await flow(FRAME, 3_000)
      expect(move).toHaveBeenCalledTimes(count)
      expect(move).toHaveBeenLastCalledWith(current)
    }
  })

  it('never moves where the relay says no limits', async () => {
    const { flow, move } = renewing(connectionOf())
    await flow(FRAME, 100_000)
    await flow(BEAT, 4_000_000)
    expect(move).not.toHaveBeenCalled()
  })

  it('makes one connection at a time', async () => {
    const connection = limited()
    const { flow, move } = renewing(connection)
    let finish = (_next: LimitedConnection): void => {}
    move.mockImplementationOnce(() => new Promise((resolve) => (finish = resolve)))
    connection.limits.bytes = 0n
    await flow(FRAME, 30_000)
    expect(move).toHaveBeenCalledOnce()
    finish(limited())
    await settle()
    await flow(FRAME, 30_000)
    expect(move).toHaveBeenCalledOnce()
  })

  it('tries again after 2 s, 4 s and so on up to a minute while the other side cannot be reached', async () => {
    const connection = limited()
    const { clock, flow, move } = renewing(connection)
    const triedMs: number[] = []
    move.mockImplementation(() => {
      triedMs.push(clock.now())
      return Promise.reject(new Error('no way'))
    })
    connection.limits.bytes = 0n
    await flow(FRAME, 300_000)
    const waits = triedMs.slice(1).map((atMs, index) => (atMs - (triedMs[index] ?? 0)) / 1000)
    expect(waits.map(Math.round)).toEqual([2, 4, 8, 16, 32, 60, 60, 60])
    move.mockImplementation(() => Promise.resolve(limited()))
    await flow(FRAME, 120_000)
    expect(move).toHaveBeenCalledTimes(triedMs.length + 1)
  })
})
