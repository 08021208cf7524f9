/** `3.4` below ten, whole with thousands above. */
export function formatRate(rate: number): string {
  return rate < 9.95 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en-US')
}

/** Multiply-accumulates per second: `16.8 GMAC/s`. */
export function formatOperations(perSecond: number): string {
  const [divisor, unit] =
    perSecond < 1e9 ? [1e6, 'MMAC/s'] : perSecond < 1e12 ? [1e9, 'GMAC/s'] : [1e12, 'TMAC/s']
  return `${(perSecond / divisor).toFixed(1)} ${unit}`
}

/** `1 hit`, `1,204 nonces`. */
export function plural(count: number, one: string): string {
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`
}
