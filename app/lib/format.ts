import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'

const wholeNumber = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `1,204`. */
export function formatCount(count: number): string {
  return wholeNumber.format(count)
}

/** `1 answer`, `2 answers`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** Decimal units, as downloads and disks are sold: `0 KB`, `12 KB`, `4.2 MB`, `48 MB`, `1.3 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} KB`
  const [value, unit] = bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB']
  return `${value < 9.95 ? value.toFixed(1) : formatCount(value)} ${unit}`
}

/** Two or three significant figures: `0.42 ms`, `3.7 ms`, `48 ms`, `1.8 s`, `3 min 20 s`. */
export function formatMs(ms: number): string {
  if (ms < 0.995) return `${ms.toFixed(2)} ms`
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  return formatDuration(ms)
}

/** Whole units, at most two: `8 s`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return join(`${minutes} min`, seconds % 60, 's')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return join(`${hours} h`, minutes % 60, 'min')
  return `${Math.floor(hours / 24)} days`
}

function join(head: string, rest: number, unit: string): string {
  return rest === 0 ? head : `${head} ${rest} ${unit}`
}

/** `3.4` below ten, whole above: for tokens per second and other rates. */
export function formatRate(rate: number): string {
  return rate < 9.95 ? rate.toFixed(1) : formatCount(rate)
}

/** `0 %`, `0.3 %`, `100 %`; a share that is neither none nor all is never rounded to either. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return '0 %'
  const percent = (100 * part) / whole
  if (percent >= 100) return '100 %'
  if (percent < 0.1) return '< 0.1 %'
  if (percent < 9.95) return `${percent.toFixed(1)} %`
  return `${Math.min(99, Math.round(percent))} %`
}

/** The last six characters: all Ed25519 peer ids begin alike, so the end is what tells them apart. */
export function shortPeerId(peerId: string): string {
  return peerId.slice(-6)
}

/** What a link's path means to a person. */
export function describePath(path: LinkPath): string {
  return path === 'relayed-stream' ? 'through the relay' : 'direct'
}

/** Step time against the device's own baseline, in words. */
export function describeDrift(drift: number): string {
  const percent = Math.round((drift - 1) * 100)
  if (percent <= -5) return `${-percent} % faster than at the start`
  if (percent < 5) return 'as fast as at the start'
  if (percent < 50) return `${percent} % slower than at the start`
  return `${percent} % slower than at the start: the device is hot or busy`
}
