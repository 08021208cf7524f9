import type { Connection } from '@libp2p/interface'
import { FRAME_HEADER_BYTES } from '../protocol/frame/frame.ts'
import type { Clock, Logger } from './ports.ts'
import { RelayedAllowance } from './relayed-allowance.ts'

/** No frame for this long is a pause between sessions. Should it be a slow stage instead, nothing is lost: frames keep their order. */
const QUIET_MS = 1_000
/** After a failure; doubled each time. The peer may be of an older version and never agree. */
const FIRST_RETRY_MS = 2_000
const MAX_RETRY_MS = 60_000

/** Connection of a link, as far as renewal looks at it. */
export type LimitedConnection = Pick<Connection, 'limits' | 'timeline'>

/**
 * Decides when a relayed link moves to a fresh connection: on the side that opened it, at a pause once a part of what
 * the relay lets pass is used, in the middle of a session only before the relay would cut it.
 *
 * It has no timer: an open link carries a beat every 150 ms, and each is an occasion to look.
 */
export class LinkRenewal<C extends LimitedConnection> {
  readonly #move: (from: C) => Promise<C>
  readonly #clock: Clock
  readonly #logger: Logger
  #connection: C
  #allowance: RelayedAllowance
  #lastFrameMs: number
  #isMoving = false
  #retryAtMs = Number.NEGATIVE_INFINITY
  #retryMs = FIRST_RETRY_MS

  /** @param options.move makes the new connection and moves the link there; on failure the link stays as it is */
  constructor(options: { connection: C; move: (from: C) => Promise<C>; clock: Clock; logger: Logger }) {
    this.#move = options.move
    this.#clock = options.clock
    this.#logger = options.logger
    this.#connection = options.connection
    this.#allowance = this.#allowanceOf(options.connection)
    this.#lastFrameMs = options.clock.now()
  }

  /** Call with the size of each message of the link, sent or received. */
  onMessage(messageBytes: number): void {
    const nowMs = this.#clock.now()
    const quietMs = nowMs - this.#lastFrameMs
    if (messageBytes >= FRAME_HEADER_BYTES) this.#lastFrameMs = nowMs
    if (this.#isMoving || nowMs < this.#retryAtMs) return
    const { urgency } = this.#allowance
    const isDue = urgency === 'now' || (urgency === 'when-quiet' && quietMs >= QUIET_MS)
    if (isDue) void this.#renew()
  }

  async #renew(): Promise<void> {
    this.#isMoving = true
    try {
      this.#connection = await this.#move(this.#connection)
      this.#allowance = this.#allowanceOf(this.#connection)
      this.#retryMs = FIRST_RETRY_MS
    } catch (error) {
      this.#logger.debug('a relayed link was not renewed', { error: String(error) })
      this.#retryAtMs = this.#clock.now() + this.#retryMs
      this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS)
    } finally {
      this.#isMoving = false
    }
  }

  #allowanceOf({ limits, timeline }: C): RelayedAllowance {
    return new RelayedAllowance(limits, Math.max(0, Date.now() - timeline.open), this.#clock)
  }
}
