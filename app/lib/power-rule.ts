import type { Power } from '../mesh-contributor.ts'

/** Why a tab takes less of the device than its owner allowed. */
export type SlowReason = 'hidden' | 'battery' | 'metered'

/** Share of the time that the device computes; a fan that starts is a tab that is closed. */
const DUTIES: readonly [Power | 'least', number][] = [
  ['full', 1],
  ['balanced', 0.5],
  ['quiet', 0.25],
  ['least', 0.1],
]

/** Each reason takes one position off, down to a tenth of the time: the tab stays in its answers, it does not drop them. */
export function dutyOf(power: Power, reasons: readonly SlowReason[]): number {
  const chosen = DUTIES.findIndex(([name]) => name === power)
  return DUTIES[Math.min(chosen + reasons.length, DUTIES.length - 1)]![1] // the index is inside
}

/** The reasons as half a sentence; null without any. */
export function describeReasons(reasons: readonly SlowReason[]): string | null {
  const words = reasons.map((reason) => WORDS[reason])
  const last = words.pop()
  if (last === undefined) return null
  return words.length === 0 ? last : `${words.join(', ')} and ${last}`
}

const WORDS: Record<SlowReason, string> = {
  hidden: 'this tab is in the background',
  battery: 'this device runs on its battery',
  metered: 'its connection is metered',
}
