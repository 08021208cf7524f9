import { describe, expect, it } from 'vitest'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { parseSettings } from './settings.ts'

const ADDRESS = '0x1111111111111111111111111111111111111111'
const SETTINGS = {
  guardian: ADDRESS,
  founders: ADDRESS,
  quoteToken: ADDRESS,
  startPrice: '5000',
  unitPriceWei: '1000000000000',
  beacon: { delay: 8 },
}

describe('settings of a deployment', () => {
  it('are read, and a bare delay is proved', () => {
    expect(parseSettings(JSON.stringify(SETTINGS))).toEqual({
      ...SETTINGS,
      startPrice: 5000n,
      unitPriceWei: 1_000_000_000_000n,
      beacon: { delay: 8, ...delayedGenerator(8) },
    })
  })

  it('keep a proof that is given', () => {
    const beacon = { delay: 8, ...delayedGenerator(8) }
    expect(parseSettings(JSON.stringify({ ...SETTINGS, beacon })).beacon).toEqual(beacon)
  })

  it.each([
    ['nothing', '', 'The settings file'],
    ['half a file', '{"guardian":', 'The settings file'],
    ['a list', '[]', 'The settings file'],
    ['a missing address', { guardian: undefined }, 'guardian'],
    ['a short address', { founders: '0x11' }, 'founders'],
    ['an amount without quotes', { startPrice: 5000 }, 'startPrice'],
    ['an amount of zero', { unitPriceWei: '0' }, 'unitPriceWei'],
    ['an amount with a fraction', { startPrice: '0.005' }, 'startPrice'],
    ['no beacon', { beacon: undefined }, 'beacon'],
    ['a delay of zero', { beacon: { delay: 0 } }, 'beacon.delay'],
    ['an endless delay', { beacon: { delay: 1e15 } }, 'beacon.delay'],
    ['half a proof', { beacon: { delay: 8, nonce: 1 } }, 'beacon'],
    ['a short proof', { beacon: { ...delayedGenerator(8), delay: 8, proof: '0x01' } }, 'beacon.proof'],
    [
      'a nonce beyond 16 bits',
      { beacon: { ...delayedGenerator(8), delay: 8, nonce: 65536 } },
      'beacon.nonce',
    ],
    ['a misspelt setting', { guardain: ADDRESS }, 'guardain'],
  ])('with %s are refused by name', (_, change, field) => {
    const text = typeof change === 'string' ? change : JSON.stringify({ ...SETTINGS, ...change })
    expect(() => parseSettings(text)).toThrow(
      expect.objectContaining({ data: { code: 'BAD_SETTINGS', field } }),
    )
  })
})
