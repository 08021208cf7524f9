import type { Account, Chain, PublicClient, TestClient, WalletClient } from 'viem'
import { createPublicClient, createTestClient, createWalletClient, http } from 'viem'
import type { HttpTransport } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { DEV_MNEMONIC, startAnvilProcess } from './anvil.ts'

export interface Anvil {
  readonly url: string
  readonly publicClient: PublicClient<HttpTransport, Chain>
  readonly testClient: TestClient<'anvil', HttpTransport, Chain>
  /** A client of the nth account, with 10,000 ether. */
  readonly wallet: (index: number) => WalletClient<HttpTransport, Chain, Account>
  readonly stop: () => Promise<void>
}

/** Starts a test's own chain on a free port of this machine; `flags` are anvil's. */
export async function startAnvil(flags: readonly string[] = []): Promise<Anvil> {
  const { url, stop } = await startAnvilProcess({ flags })
  const transport = http(url)
  return {
    url,
    publicClient: createPublicClient({ chain: foundry, transport, pollingInterval: 20 }),
    testClient: createTestClient({ chain: foundry, transport, mode: 'anvil' }),
    wallet: (index) =>
      createWalletClient({
        chain: foundry,
        transport,
        account: mnemonicToAccount(DEV_MNEMONIC, { addressIndex: index }),
      }),
    stop,
  }
}
