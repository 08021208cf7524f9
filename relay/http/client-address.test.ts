import { describe, expect, it } from 'vitest'
import { clientKey } from './client-address.ts'

const key = (remoteAddress: string | undefined, trustedHops = 0, forwardedFor?: string) =>
  clientKey({ remoteAddress, forwardedFor, trustedHops })

describe('clientKey', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    [undefined, 'unknown'],
    ['', 'unknown'],
  ])('names %s as %s', (address, expected) => {
    expect(key(address)).toBe(expected)
  })

  it('believes nobody by default', () => {
    expect(key('192.0.2.1', 0, '198.51.100.9')).toBe('192.0.2.1')
  })

  it('counts hops from the right, so that what a client wrote is never read', () => {
    expect(key('10.0.0.1', 1, '203.0.113.66, 198.51.100.9')).toBe('198.51.100.9')
    expect(key('10.0.0.1', 2, '203.0.113.66, 198.51.100.9, 10.0.0.2')).toBe('198.51.100.9')
  })

  it('falls back to the socket when a proxy sends no header', () => {
    expect(key('10.0.0.1', 1)).toBe('10.0.0.1')
    expect(key('10.0.0.1', 1, '')).toBe('10.0.0.1')
  })

  it('takes the leftmost address when there are fewer hops than trusted', () => {
    expect(key('10.0.0.1', 3, '198.51.100.9')).toBe('198.51.100.9')
  })

  it.each([
    ['198.51.100.9:4711', '198.51.100.9'],
    ['"[2001:db8::1]:4711"', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    [' 198.51.100.9 ', '198.51.100.9'],
  ])('understands %s', (entry, expected) => {
    expect(key('10.0.0.1', 1, entry)).toBe(expected)
  })

  it.each(['unknown', '_hidden', '999.1.1.1', 'a'.repeat(5000)])(
    'uses the hop nearer to us when a hop is no address: %s',
    (entry) => {
      expect(key('10.0.0.1', 1, entry)).toBe('10.0.0.1')
    },
  )
})
