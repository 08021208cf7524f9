import type { ContestProgress } from '../../shared/race/contest/contest.ts'
import { formatCount, formatPlural } from './format.ts'

/** On average; the thresholds of all classes are chosen for it. @see docs/race.md, section 7 */
export const NONCES_PER_HIT = 900

/** Multiply-accumulates per second: `850` `million/s`, `16.8` `billion/s`. */
export function formatOperations(perSecond: number): { readonly value: string; readonly unit: string } {
  const [divisor, unit] =
    perSecond < 1e9 ? [1e6, 'million/s'] : perSecond < 1e12 ? [1e9, 'billion/s'] : [1e12, 'trillion/s']
  const value = perSecond / divisor
  return { value: value < 99.95 ? value.toFixed(1) : formatCount(value), unit }
}

/** Where the work runs, for people. */
export function describeRunner(pathName: ContestProgress['pathName']): {
  readonly value: string
  readonly note: string
} {
  switch (pathName) {
    case 'webgpu':
      return { value: 'GPU', note: 'with WebGPU' }
    case 'wasm':
      return { value: 'CPU', note: 'with WebAssembly' }
    default:
      return { value: '-', note: 'not chosen yet' }
  }
}

/** What the tab does now. `counts` false leaves out what changes with every batch: it would be read aloud each time. */
export function raceSentence(progress: ContestProgress | null, { counts }: { counts: boolean }): string {
  const found =
    progress === null || !counts || progress.noncesTried === 0
      ? ''
      : ` ${formatPlural(progress.hits, 'hit')} in ${formatPlural(progress.noncesTried, 'nonce')} so far.`
  switch (progress?.phase) {
    case undefined:
      return 'The code of the Race is on its way.'
    case 'opening':
      return 'Opening the device and checking that it computes rightly.'
    case 'preparing':
      return `Making the network's weights${counts ? `, ${Math.round(100 * progress.preparedShare)} %` : ''}.`
    case 'racing':
      return `This tab races on your ${describeRunner(progress.pathName).value}.${found}`
    case 'yielding':
      return `An answer for a user goes first; the Race waits.${found}`
    case 'paused':
      return `Paused. The clock goes on.${found}`
    case 'recovering':
      return `The device was lost and is opened again.${found}`
    case 'ended':
      return `The race is over.${found}`
  }
}
