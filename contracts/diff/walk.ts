import {
  encodeAbiParameters,
  encodeFunctionData,
  encodeFunctionResult,
  toFunctionSelector,
  type Abi,
  type Address,
  type Hex,
} from 'viem'

/** A contract on the stage. */
export interface At<ContractAbi extends Abi = Abi> {
  readonly abi: ContractAbi
  readonly address: Address
}

/** Blocks of a chain of ours; nothing depends on it but the numbers that signatures and windows see. */
const SECONDS_PER_BLOCK = 12

/** `WalkTest.Step`. */
const STEP = [
  {
    type: 'tuple',
    components: [
      { name: 'isRead', type: 'bool' },
      { name: 'blockNumber', type: 'uint64' },
      { name: 'time', type: 'uint64' },
      { name: 'from', type: 'address' },
      { name: 'to', type: 'address' },
      { name: 'data', type: 'bytes' },
      { name: 'want', type: 'bytes' },
    ],
  },
] as const

/**
 * Calls and what each must do, in order: the model walks ahead, the contracts follow in `WalkTest`. Every transaction has a block
 * of its own, as on a chain with one user.
 */
export class Walk {
  /** Number and Unix seconds of the last block. */
  block: number
  time: number
  /** What a step does, for whoever reads that it did something else. */
  readonly names: string[] = []
  readonly #lines: string[] = []

  constructor(from: { readonly block: number; readonly time: number }) {
    this.block = from.block
    this.time = from.time
  }

  /** Unix seconds of the block after this one. */
  get nextTime(): number {
    return this.time + SECONDS_PER_BLOCK
  }

  /** Lets blocks pass in which nothing happens. */
  pass(blocks: number): void {
    this.block += blocks
    this.time += blocks * SECONDS_PER_BLOCK
  }

  /**
   * A transaction in the block in which the walk stands.
   *
   * @param refused Name of the error that the model foretells; the ABI has it.
   */
  send(to: At, from: Address, functionName: string, args: readonly unknown[], refused?: string): void {
    const data = encodeFunctionData({ abi: to.abi, functionName, args })
    const want = refused === undefined ? '0x' : errorSelector(to.abi, refused)
    this.#add(`${functionName} (${refused ?? 'accepted'})`, { isRead: false, from, to, data, want })
  }

  /** A view and its answer. */
  expect(to: At, functionName: string, args: readonly unknown[], result: unknown): void {
    const data = encodeFunctionData({ abi: to.abi, functionName, args })
    const want = encodeFunctionResult({ abi: to.abi, functionName, result })
    this.#add(`${functionName} reads ${want}`, { isRead: true, from: to.address, to, data, want })
  }

  /** As `WalkTest` reads it: a line of hexadecimal a step. */
  toText(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }

  #add(name: string, step: { isRead: boolean; from: Address; to: At; data: Hex; want: Hex }): void {
    this.names.push(name)
    const encoded = { ...step, to: step.to.address, blockNumber: BigInt(this.block), time: BigInt(this.time) }
    this.#lines.push(encodeAbiParameters(STEP, [encoded]))
  }
}

/** A whole number from 0 up to `below`, in the order of a seed: the same walk on every machine. */
export type Random = (below: number) => number

function errorSelector(abi: Abi, name: string): Hex {
  const error = abi.find((item) => item.type === 'error' && item.name === name)
  if (error?.type !== 'error') throw new Error(`The ABI has no error ${name}.`)
  return toFunctionSelector(`${name}(${error.inputs.map(({ type }) => type).join(',')})`)
}
