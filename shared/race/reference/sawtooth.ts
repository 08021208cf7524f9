/** 2^32 divided by the golden ratio, odd: consecutive accumulators land far apart. */
const FACTOR = 0x9e37_79b1

/** The top 8 bits of `accumulator * FACTOR` modulo 2^32, -128 to 127: a sawtooth with a period of 1.618 units. */
export function sawtooth(accumulator: number): number {
  return Math.imul(accumulator, FACTOR) >> 24
}
