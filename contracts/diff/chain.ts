import {
  decodeErrorResult,
  encodeDeployData,
  encodeFunctionData,
  decodeFunctionResult,
  numberToHex,
  type Abi,
  type Address,
  type Hex,
} from 'viem'

/** A contract on the chain under test. */
export interface At<ContractAbi extends Abi = Abi> {
  readonly abi: ContractAbi
  readonly address: Address
}

interface RpcError {
  readonly message: string
  readonly data?: unknown
}

/** Plain JSON-RPC to anvil: tens of thousands of calls, so nothing is polled and nothing retried. */
export class DiffChain {
  #id = 0
  readonly #url: string
  readonly #from: Address

  /** @param from An unlocked account of anvil. */
  constructor(url: string, from: Address) {
    this.#url = url
    this.#from = from
  }

  async deploy(abi: Abi, bytecode: Hex, args: readonly unknown[]): Promise<At> {
    const data = encodeDeployData({ abi, bytecode, args })
    const receipt = await this.#send({ from: this.#from, data })
    return { abi, address: receipt.contractAddress as Address } // a creation has an address
  }

  /** Sends a call that must succeed. */
  async write(to: At, functionName: string, args: readonly unknown[], from = this.#from): Promise<void> {
    const refused = await this.attempt(to, functionName, args, from)
    if (refused !== undefined) throw new Error(`${functionName} was refused: ${refused}`)
  }

  /** Sends a call; the name of the custom error if the contract refuses it. */
  async attempt(
    to: At,
    functionName: string,
    args: readonly unknown[],
    from = this.#from,
  ): Promise<string | undefined> {
    const data = encodeFunctionData({ abi: to.abi, functionName, args })
    const refused = await this.#simulate({ from, to: to.address, data }, to.abi)
    if (refused !== undefined) return refused
    await this.#send({ from, to: to.address, data })
    return undefined
  }

  async read(to: At, functionName: string, args: readonly unknown[] = []): Promise<unknown> {
    const data = encodeFunctionData({ abi: to.abi, functionName, args })
    const result = (await this.#rpc('eth_call', [{ to: to.address, data }, 'latest'])) as Hex
    return decodeFunctionResult({ abi: to.abi, functionName, data: result })
  }

  /** The number of the block in which the next transaction happens. */
  async nextBlock(): Promise<number> {
    return Number(await this.#rpc('eth_blockNumber', [])) + 1
  }

  async mine(blocks: number, secondsApart = 12): Promise<void> {
    if (blocks > 0) await this.#rpc('anvil_mine', [numberToHex(blocks), numberToHex(secondsApart)])
  }

  /** Gives an account ether for its gas. */
  async giveEther(account: Address): Promise<void> {
    await this.#rpc('anvil_setBalance', [account, numberToHex(10n ** 24n)])
  }

  /** Makes the next block happen at a time (Unix seconds). */
  async nextTime(seconds: number): Promise<void> {
    await this.#rpc('evm_setNextBlockTimestamp', [numberToHex(seconds)])
  }

  async time(): Promise<number> {
    const block = (await this.#rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex }
    return Number(block.timestamp)
  }

  async #simulate(call: object, abi: Abi): Promise<string | undefined> {
    const answer = await this.#post('eth_call', [{ ...call, gas: numberToHex(15_000_000) }, 'pending'])
    if (answer.error === undefined) return undefined
    const data = answer.error.data
    if (typeof data !== 'string' || data.length < 10) throw new Error(answer.error.message)
    // Errors of other contracts (the quorum, the coin) are told by their selector in the merged ABI.
    return decodeErrorResult({ abi, data: data as Hex }).errorName // checked to be a string of hex by the chain
  }

  async #send(transaction: object): Promise<{ status: Hex; contractAddress?: Hex }> {
    const request = { ...transaction, gas: numberToHex(15_000_000) }
    const hash = await this.#rpc('eth_sendTransaction', [request])
    for (let attempt = 0; attempt < 2000; attempt++) {
      const receipt = (await this.#rpc('eth_getTransactionReceipt', [hash])) as {
        status: Hex
        contractAddress?: Hex
      } | null
      if (receipt !== null) {
        if (receipt.status !== '0x1') throw new Error('A transaction failed that its simulation did not.')
        return receipt
      }
      // Automine answers before the block is there.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    throw new Error('A transaction was not mined.')
  }

  async #rpc(method: string, params: readonly unknown[]): Promise<unknown> {
    const { error, result } = await this.#post(method, params)
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  async #post(method: string, params: readonly unknown[]): Promise<{ error?: RpcError; result?: unknown }> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params }),
    })
    return (await response.json()) as { error?: RpcError; result?: unknown } // JSON-RPC 2.0
  }
}
