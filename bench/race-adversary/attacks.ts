import { POSITIONS, countMultiplyAccumulates, type RaceClass } from '../../shared/race/race-class.ts'
import type { Alteration } from './altered-networks.ts'

/** A cheap network, and what it costs a cheater to use it as a filter; shares of an honest evaluation. */
export interface FilterAttack {
  readonly name: string
  readonly alteration: Alteration
  /** Everything spent on a nonce before its guess is known. Generous: moving and branching cost nothing. */
  readonly cheapCost: number
  /** What is still to pay for a nonce that looks promising: all layers from the first altered one on. */
  readonly rest: number
  /** True if nonces with an even place in the batch are left as they are. */
  readonly everySecond?: boolean | undefined
}

/** Multiply-accumulates of the parts of a network, as shares of the whole. */
export interface Shares {
  readonly innerLayer: number
  readonly lastLayer: number
  /** One of gate, up and down for the last position in the last layer. */
  readonly lastMatrix: number
  /** Attention with its four projections, in all layers. */
  readonly attention: number
  readonly feedForward: number
}

export function sharesOf(raceClass: RaceClass): Shares {
  const { width, feedForward, layers } = raceClass
  const total = countMultiplyAccumulates(raceClass)
  const wide = width * feedForward
  const attention = 4 * width ** 2 + 2 * POSITIONS * width
  const lastLayer = (2 * POSITIONS + 2) * width ** 2 + 2 * POSITIONS * width + 3 * wide
  const feedForwards = ((layers - 1) * POSITIONS + 1) * 3 * wide
  return {
    innerLayer: (POSITIONS * (attention + 3 * wide)) / total,
    lastLayer: lastLayer / total,
    lastMatrix: wide / total,
    attention: (total - feedForwards) / total,
    feedForward: feedForwards / total,
  }
}

/** Every filter that is played: lower precision, left-out and merged parts, shared inputs. */
export function filterAttacks(raceClass: RaceClass): readonly FilterAttack[] {
  const { layers, width, heads } = raceClass
  const shares = sharesOf(raceClass)
  const last = layers - 1
  const everywhere = (saved: number): { cheapCost: number; rest: number } => ({
    cheapCost: 1 - saved,
    rest: 1,
  })
  const inLastLayer = (saved: number): { cheapCost: number; rest: number } => ({
    cheapCost: 1 - saved,
    rest: shares.lastLayer,
  })
  const roundTo = (step: number) => (weights: Int8Array | Int16Array) => {
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.max(-127, Math.min(127, Math.round(weights[i]! / step) * step))
    }
  }
  const lowPrecision = (bits: number): FilterAttack => ({
    name: `lower precision: ${bits}-bit weights everywhere`,
    alteration: { weights: (_, tensors) => Object.values(tensors).forEach(roundTo(2 ** (8 - bits))) },
    ...everywhere(1 - bits / 8),
  })
  const dropUnits = (up: Int8Array, every: number): void => {
    for (let row = 0; row * width < up.length; row += every) up.fill(0, row * width, (row + 1) * width)
  }
  const mergeHeads = (tensor: Int8Array): void => {
    // A head has as many rows as dimensions; each odd head takes those of the even one before it.
    const headBytes = tensor.length / heads
    for (let head = 1; head < heads; head += 2) {
      tensor.copyWithin(head * headBytes, (head - 1) * headBytes, head * headBytes)
    }
  }
  const middle = Math.floor(layers / 2)
  const headsSaved = (width * width) / countMultiplyAccumulates(raceClass)

  return [
    lowPrecision(7),
    lowPrecision(6),
    lowPrecision(4),
    {
      name: 'lower precision: 4-bit activations everywhere',
      alteration: { stream: (_, stream) => roundTo(16)(stream) },
      ...everywhere(0.5),
    },
    {
      name: 'lower precision: 4-bit weights in the last layer',
      alteration: {
        weights: (layer, tensors) => {
          if (layer === last) Object.values(tensors).forEach(roundTo(16))
        },
      },
      ...inLastLayer(shares.lastLayer / 2),
    },
    {
      name: 'lower precision: 7-bit weights in the last matrix',
      alteration: {
        weights: (layer, { down }) => {
          if (layer === last) roundTo(2)(down)
        },
      },
      cheapCost: 1 - shares.lastMatrix / 8,
      rest: shares.lastMatrix,
    },
    {
      name: 'left out: half of the feed-forward units',
      alteration: { weights: (_, { up }) => dropUnits(up, 2) },
      ...everywhere(shares.feedForward / 2),
    },
    {
      name: 'left out: one feed-forward unit in 64',
      alteration: { weights: (_, { up }) => dropUnits(up, 64) },
      ...everywhere(shares.feedForward / 64),
    },
    {
      name: 'left out: half of the feed-forward units of the last layer',
      alteration: {
        weights: (layer, { up }) => {
          if (layer === last) dropUnits(up, 2)
        },
      },
      ...inLastLayer((3 * shares.lastMatrix) / 2),
    },
    {
      name: 'left out: one feed-forward unit of the last layer',
      alteration: {
        weights: (layer, { up }) => {
          if (layer === last) dropUnits(up, raceClass.feedForward)
        },
      },
      ...inLastLayer((3 * shares.lastMatrix) / raceClass.feedForward),
    },
    {
      name: 'left out: attention everywhere',
      alteration: { weights: (_, { output }) => output.fill(0) },
      ...everywhere(shares.attention),
    },
    {
      name: 'left out: attention in the last layer',
      alteration: {
        weights: (layer, { output }) => {
          if (layer === last) output.fill(0)
        },
      },
      ...inLastLayer(shares.lastLayer - 3 * shares.lastMatrix),
    },
    {
      name: 'left out: the first layer',
      alteration: { skips: (layer) => layer === 0 },
      ...everywhere(shares.innerLayer),
    },
    {
      name: 'left out: a middle layer',
      alteration: { skips: (layer) => layer === middle },
      cheapCost: 1 - shares.innerLayer,
      rest: (layers - middle - 1) * shares.innerLayer + shares.lastLayer,
    },
    {
      name: 'left out: the layer before the last',
      alteration: { skips: (layer) => layer === last - 1 },
      cheapCost: 1 - shares.innerLayer,
      rest: shares.innerLayer + shares.lastLayer,
    },
    {
      name: 'left out: every second layer',
      alteration: { skips: (layer) => layer % 2 === 1 && layer !== last },
      ...everywhere(Math.floor((layers - 1) / 2) * shares.innerLayer),
    },
    {
      name: 'merged: pairs of heads share queries and keys everywhere',
      alteration: {
        weights: (_, { query, key }) => {
          mergeHeads(query)
          mergeHeads(key)
        },
      },
      ...everywhere(headsSaved * POSITIONS * layers),
    },
    {
      name: 'merged: pairs of units share a gate in the last layer',
      alteration: {
        weights: (layer, { gate }) => {
          if (layer !== last) return
          for (let row = width; row < gate.length; row += 2 * width) gate.copyWithin(row, row - width, row)
        },
      },
      ...inLastLayer(shares.lastMatrix / 2),
    },
    {
      name: 'merged: one position computed for all four',
      alteration: {
        stream: (_, stream) => {
          const rows = stream.length / POSITIONS
          for (let position = 0; position < POSITIONS - 1; position++) {
            stream.copyWithin(position * rows, (POSITIONS - 1) * rows)
          }
        },
      },
      ...everywhere(0.75),
    },
    {
      name: 'merged: the layer before the last for the last position alone',
      alteration: keepOtherPositions(last - 1),
      cheapCost: 1 - 0.75 * shares.innerLayer,
      rest: 0.75 * shares.innerLayer + shares.lastLayer,
    },
    {
      name: 'shared prefixes: three of four inputs taken from another nonce',
      alteration: {
        stream: (layer, stream) => {
          if (layer !== 0) return
          const rows = stream.length / POSITIONS
          for (let position = 0; position < POSITIONS - 1; position++) {
            // Every second nonce takes the inputs of the one before it.
            for (let row = position * rows; row < (position + 1) * rows; row += 2 * width) {
              stream.copyWithin(row + width, row, row + width)
            }
          }
        },
      },
      everySecond: true,
      // Two nonces for the price of five positions.
      ...everywhere(3 / 8),
    },
  ]
}

/** The other positions leave layer `layer` as they entered it. */
function keepOtherPositions(layer: number): Alteration {
  let kept = new Int16Array()
  return {
    stream: (current, stream) => {
      const others = (stream.length / POSITIONS) * (POSITIONS - 1)
      if (current === layer) kept = stream.slice(0, others)
      if (current === layer + 1) stream.set(kept)
    },
  }
}
