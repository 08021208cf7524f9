import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Account, Chain, PublicClient, TestClient, WalletClient } from 'viem'
import { createPublicClient, createTestClient, createWalletClient, http } from 'viem'
import type { HttpTransport } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'

// The tools are CommonJS, because forge starts one of them as its compiler.
const { foundryBinary } = createRequire(import.meta.url)('../tools/forge.cjs') as {
  foundryBinary: (name: string) => string
}

const MNEMONIC = 'test test test test test test test test test test test junk'

/** Time to answer the first request; measured 40 to 100 ms on two idle cores. */
const START_TIMEOUT_MS = 20_000

export interface Anvil {
  readonly url: string
  readonly publicClient: PublicClient<HttpTransport, Chain>
  readonly testClient: TestClient<'anvil', HttpTransport, Chain>
  /** A client of the nth account, with 10,000 ether. */
  readonly wallet: (index: number) => WalletClient<HttpTransport, Chain, Account>
  readonly stop: () => Promise<void>
}

/** Starts an own chain on a free port of this machine; `flags` are anvil's. */
export async function startAnvil(flags: readonly string[] = []): Promise<Anvil> {
  const child = spawn(
    foundryBinary('anvil'),
    ['--host', '127.0.0.1', '--port', '0', '--hardfork', 'prague', '--mnemonic', MNEMONIC, ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const url = await new Promise<string>((resolve, reject) => {
    let seen = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`anvil said nothing about its port within ${START_TIMEOUT_MS} ms: ${seen}`))
    }, START_TIMEOUT_MS)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`anvil ended with code ${code}: ${seen}`)))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text
      const address = /Listening on (\S+)/.exec(seen)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      // What it goes on to print is read and dropped, or the pipe would fill.
      child.stdout.removeAllListeners('data').resume()
      resolve(`http://${address}`)
    })
  })
  const transport = http(url)
  return {
    url,
    publicClient: createPublicClient({ chain: foundry, transport, pollingInterval: 20 }),
    testClient: createTestClient({ chain: foundry, transport, mode: 'anvil' }),
    wallet: (index) =>
      createWalletClient({
        chain: foundry,
        transport,
        account: mnemonicToAccount(MNEMONIC, { addressIndex: index }),
      }),
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
