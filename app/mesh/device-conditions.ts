import type { SlowReason } from '../lib/power-rule.ts'

/** What of a browser tells how the device is doing. Battery and connection are known in some browsers only. */
export interface ConditionSources {
  readonly document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>
  readonly navigator: {
    readonly getBattery?: () => Promise<BatteryLike>
    readonly connection?: ConnectionLike
  }
}

interface BatteryLike extends Pick<EventTarget, 'addEventListener' | 'removeEventListener'> {
  readonly charging: boolean
}

interface ConnectionLike extends Pick<EventTarget, 'addEventListener' | 'removeEventListener'> {
  /** The person asked the browser to save data. */
  readonly saveData?: boolean
  readonly type?: string
}

/** Watches what should slow a tab down. Where a browser says nothing, nothing is assumed. */
export class DeviceConditions {
  readonly #sources: ConditionSources
  readonly #onChange: (reasons: readonly SlowReason[]) => void
  #battery: BatteryLike | null = null
  #isStopped = false
  #shown = ''

  /** @param onChange called with all reasons whenever they have changed */
  constructor(sources: ConditionSources, onChange: (reasons: readonly SlowReason[]) => void) {
    this.#sources = sources
    this.#onChange = onChange
    sources.document.addEventListener('visibilitychange', this.#look)
    sources.navigator.connection?.addEventListener('change', this.#look)
    void this.#watchBattery()
    this.#look()
  }

  get reasons(): readonly SlowReason[] {
    const { document, navigator } = this.#sources
    const reasons: SlowReason[] = []
    if (document.visibilityState === 'hidden') reasons.push('hidden')
    if (this.#battery?.charging === false) reasons.push('battery')
    const { connection } = navigator
    if (connection?.saveData === true || connection?.type === 'cellular') reasons.push('metered')
    return reasons
  }

  stop(): void {
    this.#isStopped = true
    this.#sources.document.removeEventListener('visibilitychange', this.#look)
    this.#sources.navigator.connection?.removeEventListener('change', this.#look)
    this.#battery?.removeEventListener('chargingchange', this.#look)
  }

  async #watchBattery(): Promise<void> {
    try {
      const battery = (await this.#sources.navigator.getBattery?.()) ?? null
      if (this.#isStopped || battery === null) return
      this.#battery = battery
      battery.addEventListener('chargingchange', this.#look)
      this.#look()
    } catch {
      // Refused by a permissions policy: as good as a browser that does not know.
    }
  }

  readonly #look = (): void => {
    const { reasons } = this
    const shown = reasons.join()
    if (shown === this.#shown) return
    this.#shown = shown
    this.#onChange(reasons)
  }
}
