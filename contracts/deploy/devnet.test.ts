import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublicClient, http } from 'viem'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { startAnvilProcess } from './anvil.ts'
import { startDevnet, type Devnet } from './devnet.ts'

/** Some sixty transactions; measured 1 to 4 s on two cores. */
const SLOW = 120_000

describe('the local chain', () => {
  let folder: string
  let notices: string[]
  let running: Devnet | undefined
  const { signal } = new AbortController()
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'devnet-'))
    notices = []
  })
  afterEach(async () => {
    await running?.stop()
    await rm(folder, { recursive: true })
  })

  async function start(): Promise<Devnet> {
    running = await startDevnet({ folder, port: 0, onNotice: (text) => notices.push(text), signal })
    return running
  }

  async function stop(): Promise<void> {
    await running?.stop()
    running = undefined
  }

  it(
    'has all contracts, and goes on where it stopped',
    async () => {
      const first = await start()
      const client = createPublicClient({ transport: http(first.url) })
      const { coin, liquidityPool } = first.deployment
      const read = { address: coin.address, abi: raceCoinAbi, functionName: 'mintAllowance' } as const
      const allowance = await client.readContract({ ...read, args: [liquidityPool.address] })
      expect(allowance).toBe(120_000_000n * 10n ** 18n)
      const blocks = await client.getBlockNumber()
      await stop()
      const again = await start()
      expect(again.deployment).toEqual(first.deployment)
      expect(again.dollar).toBe(first.dollar)
      const sameChain = createPublicClient({ transport: http(again.url) })
      // Not a transaction more: everything was there.
      expect(await sameChain.getBlockNumber()).toBe(blocks)
      expect(notices).toEqual([])
    },
    SLOW,
  )

  it(
    'goes back to the state before, when the last one was cut off in writing',
    async () => {
      const { deployment } = await start()
      await stop()
      await start() // its beginning is kept as the state before
      await stop()
      await truncate(join(folder, 'chain.json'), 5000)
      expect((await start()).deployment).toEqual(deployment)
      expect(notices).toEqual([expect.stringMatching(/cut off in writing/)])
    },
    SLOW,
  )

  it.each([
    ['its state is gone', () => rm(join(folder, 'chain.json')), /no contract at/],
    ['its record is not one', () => writeFile(join(folder, 'network.json'), '{'), /not one of ours/],
  ])(
    'begins anew when %s',
    async (_, spoil, why) => {
      await start()
      await stop()
      await spoil()
      const { recordFile, url, deployment } = await start()
      expect(notices).toEqual([expect.stringMatching(why)])
      const record = JSON.parse(await readFile(recordFile, 'utf8')) as { contracts: object }
      expect(Object.keys(record.contracts)).toEqual(Object.keys(deployment))
      const client = createPublicClient({ transport: http(url) })
      expect(await client.getCode({ address: deployment.governor.address })).toMatch(/^0x60/)
    },
    SLOW,
  )

  it(
    'ends a chain whose owner was killed, and leaves one alone whose owner runs',
    async () => {
      const leftOver = await startAnvilProcess()
      // A process that has ended: its number is nobody's.
      const owner = spawn(process.execPath, ['-e', ''])
      await once(owner, 'exit')
      const lock = { ownerPid: owner.pid, chainPid: leftOver.pid }
      await writeFile(join(folder, 'chain.lock'), JSON.stringify(lock))
      await start()
      await leftOver.ended
      expect(notices).toEqual([expect.stringMatching(/left over/)])
      const other = startDevnet({ folder, port: 0, onNotice: (text) => notices.push(text), signal })
      await expect(other).rejects.toMatchObject({ data: { code: 'CHAIN_IN_USE', ownerPid: process.pid } })
    },
    SLOW,
  )

  it(
    'ends its chain when it is stopped in the middle of its start',
    async () => {
      const stopped = new AbortController()
      const begun = startDevnet({ folder, port: 0, onNotice: () => undefined, signal: stopped.signal })
      const failed = expect(begun).rejects.toMatchObject({ name: 'AbortError' })
      // The record comes with the first contract: most are still to come.
      const lock = join(folder, 'chain.lock')
      await vi.waitFor(() => readFile(join(folder, 'network.json')), { timeout: SLOW, interval: 5 })
      const { chainPid } = JSON.parse(await readFile(lock, 'utf8')) as { chainPid: number } // written by the start
      stopped.abort()
      await failed
      expect(() => process.kill(chainPid, 0)).toThrow('ESRCH')
      await expect(readFile(lock)).rejects.toMatchObject({ code: 'ENOENT' })
    },
    SLOW,
  )

  it(
    'says so when its port is taken',
    async () => {
      const other = await startAnvilProcess()
      const port = Number(new URL(other.url).port)
      const second = startDevnet({ folder, port, onNotice: (text) => notices.push(text), signal })
      await expect(second).rejects.toThrow(/did not start[\s\S]*[Aa]ddress already in use[\s\S]*port taken/)
      await other.stop()
    },
    SLOW,
  )
})
