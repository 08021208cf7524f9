import { closingOrder, medianPrice } from './price.ts'

declare const process: { readonly argv: readonly string[] }

const CASES = 60

interface PriceCase {
  readonly prices: string[]
  readonly weights: string[]
  readonly standing: string
  readonly totalWeight: string
  readonly order: string[]
  readonly median: string
}

/** Elections of 1 to 12 ballots, with ties, silent weight and a standing price among, below and above the votes. */
export function priceVectors(): { cases: PriceCase[] } {
  let x = 20_261_121n
  const random = (bound: bigint): bigint => {
    // Knuth's MMIX generator; its high bits are the good ones.
    x = (x * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n
    return (x >> 32n) % bound
  }
  const cases = Array.from({ length: CASES }, () => {
    const ballots = Array.from({ length: Number(1n + random(12n)) }, () => ({
      price: 1n + random(9n),
      weight: 1n + random(50n),
    }))
    const standing = 1n + random(9n)
    const voted = ballots.reduce((sum, { weight }) => sum + weight, 0n)
    const totalWeight = voted + (random(2n) === 0n ? 0n : random(2n * voted))
    return {
      prices: ballots.map(({ price }) => String(price)),
      weights: ballots.map(({ weight }) => String(weight)),
      standing: String(standing),
      totalWeight: String(totalWeight),
      order: closingOrder(ballots).map(String),
      median: String(medianPrice(ballots, { standing, totalWeight })),
    }
  })
  return { cases }
}

if (process.argv[1]?.endsWith('price-vectors.fixture.ts') === true) {
  console.log(JSON.stringify(priceVectors(), null, 1))
}
