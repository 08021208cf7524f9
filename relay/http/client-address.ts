import { isIP, isIPv4 } from 'node:net'

/**
 * Names the client of a request for limits: its IPv4 address, or the /64 of its IPv6 address (one household or one
 * rented machine owns at least that much, so a narrower key would be free to change).
 *
 * `trustedHops` proxies stand in front; each appended the address that it saw to X-Forwarded-For. Entries are
 * therefore counted from the right, where our own proxies wrote, and whatever a client put on the left is never read.
 */
export function clientKey(options: {
  readonly remoteAddress: string | undefined
  readonly forwardedFor: string | undefined
  readonly trustedHops: number
}): string {
  const seen = options.trustedHops === 0 ? [] : (options.forwardedFor ?? '').split(',')
  const chain = [...seen, options.remoteAddress ?? ''].map(parseAddress)
  // From the trusted hop towards us: a hop that is no address (a broken proxy) must not open a way to choose a key.
  for (let i = Math.max(0, chain.length - 1 - options.trustedHops); i < chain.length; i++) {
    const address = chain[i]
    if (address !== undefined) return keyOf(address)
  }
  return 'unknown'
}

/** Strips what proxies add: blanks, quotes, brackets, a port, a zone. Undefined if no address remains. */
function parseAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(bare)?.[1]
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(bare)?.[1]
  const address = (bracketed ?? withPort ?? bare).replace(/%.*$/, '')
  return isIP(address) === 0 ? undefined : address
}

function keyOf(address: string): string {
  if (isIPv4(address)) return address
  const groups = expandIPv6(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6)
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address. */
function expandIPv6(address: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  let text = address
  if (dotted !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(1).map(Number)
    text = `${address.slice(0, dotted.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const [head = '', tail] = text.split('::')
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const left = parse(head)
  if (tail === undefined) return left
  const right = parse(tail)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}
