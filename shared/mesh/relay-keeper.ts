import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { Clock, Logger } from './ports.ts'
import type { RelayAddress } from './mesh-peer.ts'

const CHECK_INTERVAL_MS = 1_000
/** Back-off between attempts: doubles from the first to the last, plus up to half at random so that tabs do not return as one. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000
const DIAL_TIMEOUT_MS = 5_000

/** `libp2p.components.transportManager` is not documented API; without it a lost reservation is never re-made (js-libp2p issue 3601). */
interface WithTransportManager {
  readonly components?: { readonly transportManager?: { listen(addresses: Multiaddr[]): Promise<void> } }
}

/** Watches the connection to each relay, and dials and reserves again when one is lost. */
export class RelayKeeper {
  readonly #libp2p: Libp2p
  readonly #relays: readonly RelayAddress[]
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #random: () => number
  readonly #onRestored: (relay: RelayAddress) => void
  readonly #onLost: (relay: RelayAddress) => void
  readonly #lost = new Map<string, { attempts: number; nextAtMs: number; isDialling: boolean }>()
  #stop = (): void => {}
  #isStopped = false
  /** Relays that were lost since the last check: one that is back by itself has lost its reservation all the same. */
  readonly #dropped = new Set<string>()
  readonly #onDisconnect = ({ detail }: { detail: PeerId }): void => {
    this.#dropped.add(detail.toString())
  }

  constructor(options: {
    libp2p: Libp2p
    relays: readonly RelayAddress[]
    clock: Clock
    logger: Logger
    random: () => number
    onLost: (relay: RelayAddress) => void
    onRestored: (relay: RelayAddress) => void
  }) {
    this.#libp2p = options.libp2p
    this.#relays = options.relays
    this.#clock = options.clock
    this.#logger = options.logger
    this.#random = options.random
    this.#onLost = options.onLost
    this.#onRestored = options.onRestored
  }

  start(): void {
    this.#libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#stop = this.#clock.every(CHECK_INTERVAL_MS, () => {
      for (const relay of this.#relays) this.#check(relay)
      this.#dropped.clear()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#stop()
  }

  #check(relay: RelayAddress): void {
    const isConnected =
      !this.#dropped.has(relay.peerId) &&
      this.#libp2p.getConnections(peerIdFromString(relay.peerId)).length > 0
    const state = this.#lost.get(relay.peerId)
    if (isConnected && state === undefined) return
    if (state === undefined) {
      this.#lost.set(relay.peerId, { attempts: 0, nextAtMs: this.#clock.now(), isDialling: false })
      this.#onLost(relay)
      return
    }
    if (state.isDialling || this.#clock.now() < state.nextAtMs) return
    state.isDialling = true
    void this.#restore(relay).then(
      () => {
        this.#lost.delete(relay.peerId)
        if (!this.#isStopped) this.#onRestored(relay)
      },
      (error: unknown) => {
        state.isDialling = false
        const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** state.attempts++)
        state.nextAtMs = this.#clock.now() + delayMs * (1 + this.#random() / 2)
        this.#logger.debug('the relay is still out of reach', { error: String(error) })
      },
    )
  }

  async #restore(relay: RelayAddress): Promise<void> {
    await this.#libp2p.dial(multiaddr(relay.address), { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) })
    const manager = (this.#libp2p as WithTransportManager).components?.transportManager
    await manager?.listen([multiaddr(`${relay.address}/p2p-circuit`)])
  }
}
