import { concatHex, keccak256, numberToHex, type Hex } from 'viem'
import { MoneyError } from './money-error.ts'

/**
 * Commitments that open themselves, the twin of `contracts/src/libraries/TimedCommitment.sol`.
 *
 * A commitment is c = g^a modulo RSA-2048, its content c^(2^delay). Who knows `a` opens at once, as h^a with h = g^(2^delay);
 * anybody else squares `delay` times and proves it (Wesolowski, EUROCRYPT 2019). Elements are the smaller of x and N - x,
 * 256 bytes in hex.
 */

/** RSA-2048 of the RSA factoring challenge: 617 digits whose sum is 2738; nobody is known to know its factors. */
const MODULUS = BigInt(
  '0xc7970ceedcc3b0754490201a7aa613cd73911081c790f5f1a8726f463550bb5b7ff0db8e1ea1189ec72f93d1650011bd721aeeacc2acde32a0' +
    '4107f0648c2813a31f5b0b7765ff8b44b4b6ffc93384b646eb09c7cf5e8592d40ea33c80039f35b4f14a04b51f7bfd781be4d1673164ba8eb9' +
    '91c2c4d730bbbe35f592bdef524af7e8daefd26c66fc02c479af89d64d373f442709439de66ceb955f3ea37d5159f6135809f85334b5cb1813' +
    'addc80cd05609f10ac6a95ad65872c909525bdad32bc729592642920f24c61dc5b3c3b7923e56b16a4d9d373d8721f24a3fc0f1b3131f55615' +
    '172866bccc30f95054c824e733a5eb6817f7bc16399d48c6361cc7e5',
)
const GENERATOR = 2n
const PRIMALITY_BASES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]
const MAX_NONCE = 0xffff

/** An output of `delay` squarings, with what convinces the contract of it. */
export interface DelayProof {
  readonly output: Hex
  /** element^(floor(2^delay / l)) for the challenge prime l. */
  readonly proof: Hex
  /** Makes the challenge prime; at most 65,535. */
  readonly nonce: number
}

/** g^secret. `secret` is 256 random bits. */
export function commitTo(secret: bigint): Hex {
  return encode(power(GENERATOR, secret))
}

/** Opens a commitment at once, given `delayedGenerator(delay)`. */
export function openWith(secret: bigint, delayedGenerator: Hex): Hex {
  return encode(power(decode(delayedGenerator), secret))
}

/** g^(2^delay) with its proof: computed once for a network. Takes `delay` squarings, about 5 us each here. */
export function delayedGenerator(delay: number): DelayProof {
  return proveDelay(encode(GENERATOR), delay)
}

/** Opens a commitment without its secret, and proves it. Takes about twice `delay` squarings. */
export function proveDelay(element: Hex, delay: number): DelayProof {
  const x = decode(element)
  let y = x
  for (let i = 0; i < delay; i++) y = (y * y) % MODULUS
  const output = encode(y)
  for (let nonce = 0; nonce <= MAX_NONCE; nonce++) {
    const prime = challengeOf(element, output, delay, nonce)
    if (!isPrime(prime)) continue
    // Long division of 2^delay by the prime, one bit of the quotient at a time, in the exponent.
    let remainder = 1n
    let proof = 1n
    for (let i = 0; i < delay; i++) {
      remainder *= 2n
      proof = (proof * proof) % MODULUS
      if (remainder >= prime) {
        remainder -= prime
        proof = (proof * x) % MODULUS
      }
    }
    return { output, proof: numberToHex(proof, { size: 256 }), nonce }
  }
  // One odd number of 256 bits in 89 is prime: 65,536 in a row that are not do not happen.
  throw new MoneyError('No nonce makes the challenge of this delay a prime.', {
    data: { code: 'BAD_TIMED_COMMITMENT' },
  })
}

/** True if `proof` shows that `output` is `element` squared `delay` times. */
export function verifyDelay(element: Hex, delay: number, { output, proof, nonce }: DelayProof): boolean {
  if (!isElement(element) || !isElement(output) || nonce > MAX_NONCE) return false
  const prime = challengeOf(element, output, delay, nonce)
  if (!isPrime(prime)) return false
  const remainder = powerModulo(2n, BigInt(delay), prime)
  const product =
    powerModulo(BigInt(proof), prime, MODULUS) * powerModulo(decode(element), remainder, MODULUS)
  return encode(product % MODULUS) === output.toLowerCase()
}

/** True for 256 bytes of a number from 2 to (N - 1) / 2. */
export function isElement(hex: Hex): boolean {
  if (!/^0x[0-9a-f]{512}$/i.test(hex)) return false
  const value = BigInt(hex)
  return value > 1n && value <= MODULUS / 2n
}

function challengeOf(element: Hex, output: Hex, delay: number, nonce: number): bigint {
  const parts = [element, output, numberToHex(delay, { size: 8 }), numberToHex(nonce, { size: 32 })]
  return BigInt(keccak256(concatHex(parts))) | 1n
}

/** Miller and Rabin with the bases of the contract; a challenge has all of its 256 bits. */
function isPrime(n: bigint): boolean {
  if (n < 1n << 255n) return false
  let d = n - 1n
  let s = 0
  for (; (d & 1n) === 0n; d >>= 1n) s++
  return PRIMALITY_BASES.every((base) => {
    let x = powerModulo(base, d, n)
    for (let i = 0; i < s; i++) {
      if (x === n - 1n || (i === 0 && x === 1n)) return true
      x = (x * x) % n
    }
    return false
  })
}

function power(base: bigint, exponent: bigint): bigint {
  return powerModulo(base, exponent, MODULUS)
}

function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function encode(value: bigint): Hex {
  const reduced = value % MODULUS
  const smaller = reduced > MODULUS / 2n ? MODULUS - reduced : reduced
  return numberToHex(smaller, { size: 256 })
}

/** @throws MoneyError `BAD_TIMED_COMMITMENT` */
function decode(hex: Hex): bigint {
  if (!isElement(hex)) {
    throw new MoneyError('This is not an element of the group of timed commitments.', {
      data: { code: 'BAD_TIMED_COMMITMENT' },
      metaMessages: ['An element is 256 bytes of a number from 2 to half of RSA-2048.'],
    })
  }
  return BigInt(hex)
}
