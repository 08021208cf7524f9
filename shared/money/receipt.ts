import {
  concatHex,
  encodeAbiParameters,
  hashStruct,
  hashTypedData,
  type Address,
  type Hex,
  type TypedDataDomain,
} from 'viem'
import type { BatchesContract } from './batch.ts'

/** What one stage did for one session, and what that is worth. Signed by the stage's session key. */
export interface Receipt {
  /** 128 random bits that the asker chose. */
  readonly session: Hex
  /** Counts the receipts of this stage and session from 0: a stage signs every N tokens. */
  readonly sequence: number
  /** Content root of the model. */
  readonly model: Hex
  /** Who is paid: a wallet or a session key. */
  readonly payee: Address
  /** Layers `[start, end)`. */
  readonly layerStart: number
  readonly layerEnd: number
  /** Tokens since the last receipt. */
  readonly tokens: number
  /** Coins (wei) for them. */
  readonly amount: bigint
  /** Running commitment to the stage's inputs and outputs. */
  readonly workRoot: Hex
  readonly epoch: bigint
}

const RECEIPT_FIELDS = [
  { name: 'session', type: 'bytes16' },
  { name: 'sequence', type: 'uint32' },
  { name: 'model', type: 'bytes32' },
  { name: 'payee', type: 'address' },
  { name: 'layerStart', type: 'uint16' },
  { name: 'layerEnd', type: 'uint16' },
  { name: 'tokens', type: 'uint32' },
  { name: 'amount', type: 'uint128' },
  { name: 'workRoot', type: 'bytes32' },
  { name: 'epoch', type: 'uint64' },
] as const

export const RECEIPT_TYPES = { Receipt: RECEIPT_FIELDS } as const

/** Receipts are settled by a batches contract, so they name it: no other chain or contract takes them. */
export function receiptDomain({ chainId, address }: BatchesContract) {
  return {
    name: 'Racemesh Receipts',
    version: '1',
    chainId,
    verifyingContract: address,
  } as const satisfies TypedDataDomain
}

/** What the stage signs. */
export function receiptDigest(contract: BatchesContract, receipt: Receipt): Hex {
  return hashTypedData({
    domain: receiptDomain(contract),
    types: RECEIPT_TYPES,
    primaryType: 'Receipt',
    message: receipt,
  })
}

/** Tells receipts apart, whatever their signature: a stage is paid once for a sequence number of a session. */
export function receiptKey({ session, sequence, payee }: Receipt): string {
  return `${session}/${sequence}/${payee.toLowerCase()}`
}

/** Leaf data of the receipts' tree: the ten fields in 32 bytes each, then the 65-byte signature. */
export function encodeReceipt(receipt: Receipt, signature: Hex): Hex {
  return concatHex([
    encodeAbiParameters(RECEIPT_FIELDS, [
      receipt.session,
      receipt.sequence,
      receipt.model,
      receipt.payee,
      receipt.layerStart,
      receipt.layerEnd,
      receipt.tokens,
      receipt.amount,
      receipt.workRoot,
      receipt.epoch,
    ]),
    signature,
  ])
}

/** EIP-712 struct hash: the name of a receipt in logs and disputes. */
export function receiptHash(receipt: Receipt): Hex {
  return hashStruct({ types: RECEIPT_TYPES, primaryType: 'Receipt', data: receipt })
}
