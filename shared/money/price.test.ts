import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priceVectors } from './price-vectors.fixture.ts'
import { closingOrder, medianPrice } from './price.ts'

describe('the median price', () => {
  it.each([
    ['stays when nobody votes', [], 10n, 7n],
    ['is the only vote when everyone votes with one voice', [[5n, 10n]], 10n, 5n],
    [
      'is the lower of two equal halves',
      [
        [9n, 5n],
        [3n, 5n],
      ],
      10n,
      3n,
    ],
    [
      'stays when the silent half stands between the votes',
      [
        [3n, 4n],
        [9n, 3n],
      ],
      10n,
      7n,
    ],
    ['moves when more than half moves it', [[9n, 6n]], 10n, 9n],
    [
      'follows weight and not heads',
      [
        [1n, 1n],
        [1n, 1n],
        [8n, 9n],
      ],
      11n,
      8n,
    ],
  ] as const)('%s', (_title, votes, totalWeight, expected) => {
    const ballots = votes.map(([price, weight]) => ({ price, weight }))
    expect(medianPrice(ballots, { standing: 7n, totalWeight })).toBe(expected)
  })

  it('has at most half of all weight strictly below it and at most half strictly above', () => {
    const ballot = fc.record({ price: fc.bigInt(1n, 20n), weight: fc.bigInt(1n, 1000n) })
    fc.assert(
      fc.property(fc.array(ballot), fc.bigInt(0n, 5000n), fc.bigInt(1n, 20n), (ballots, silent, standing) => {
        const voted = ballots.reduce((sum, { weight }) => sum + weight, 0n)
        const totalWeight = voted + silent
        const median = medianPrice(ballots, { standing, totalWeight })
        const all = [...ballots, { price: standing, weight: silent }]
        const weigh = (keep: (price: bigint) => boolean): bigint =>
          all.reduce((sum, { price, weight }) => (keep(price) ? sum + weight : sum), 0n)
        expect(2n * weigh((price) => price < median)).toBeLessThanOrEqual(totalWeight)
        expect(2n * weigh((price) => price > median)).toBeLessThanOrEqual(totalWeight)
      }),
    )
  })
})

it('orders ballots by price, then by number', () => {
  const ballots = [5n, 3n, 5n, 1n].map((price) => ({ price, weight: 1n }))
  expect(closingOrder(ballots)).toEqual([3, 1, 0, 2])
})

it('gives the vectors that the contract is tested with', () => {
  const file = new URL('vectors/price.json', import.meta.url)
  // After a change of the rule: tsx shared/money/price-vectors.fixture.ts > shared/money/vectors/price.json
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(priceVectors())
})
