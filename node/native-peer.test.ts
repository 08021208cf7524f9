import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { MeshPeerStatus } from '../shared/mesh/mesh-peer.ts'
import { packFolder } from './commands/pack.ts'
import { startNativePeer, type NativePeer, type NativePeerOptions } from './native-peer.ts'

/** Every thread that was started, so that a test can end one from outside. */
const { threads } = vi.hoisted(() => ({ threads: [] as Worker[] }))
vi.mock('node:worker_threads', async (original) => {
  const actual = await original<{ Worker: typeof Worker }>()
  return {
    ...actual,
    Worker: class extends actual.Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args)
        threads.push(this)
      }
    },
  }
})

const GUIDE = fileURLToPath(new URL('../models/guide', import.meta.url))
const RELAY = fileURLToPath(new URL('../relay/cli.ts', import.meta.url))

let dir: string
let relay: ChildProcess
let origin: string
const peers: NativePeer[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'racemesh-native-'))
  await packFolder({ folder: GUIDE, out: join(dir, 'guide'), encoding: 'q8', name: 'guide' })
  relay = spawn(
    process.execPath,
    ['--import', 'tsx', RELAY, '--port', '0', '--data', join(dir, 'relay'), '--model', join(dir, 'guide')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  origin = await new Promise((resolve, reject) => {
    relay.once('exit', () => reject(new Error(`the relay ended: ${said}`)))
    relay.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /App +(http\S+)\n/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
}, 120_000)

afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop()
  threads.length = 0
})

afterAll(async () => {
  relay.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

async function startPeer(change: Partial<NativePeerOptions> = {}): Promise<NativePeer> {
  const peer = await startNativePeer({
    relayOrigins: [origin],
    pinnedLayers: null,
    memoryBudgetBytes: 64 << 20,
    isBackstop: true,
    cacheDir: join(dir, 'cache'),
    onCacheFailed() {},
    onChange() {},
    onStageFailed(error) {
      throw new Error(error.shortMessage)
    },
    onEngineLost() {},
    onEngineGivenUp() {},
    ...change,
  })
  peers.push(peer)
  return peer
}

const states = (status: MeshPeerStatus): string[] => status.stages.map(({ state }) => state)

async function answer(maxTokens = 4): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'guide',
      messages: [{ role: 'user', content: 'What is a stage?' }],
      max_tokens: maxTokens,
      temperature: 0,
    }),
  })
  return { status: response.status, body: await response.json() }
}

describe('a native peer', () => {
  it('computes on another thread, and serves again after that thread has died', async () => {
    const lost: string[] = []
    const seen: string[] = []
    const peer = await startPeer({
      onChange: (status) => seen.push(states(status).join()),
      onEngineLost: (error) => lost.push(error.shortMessage),
    })
    await expect.poll(() => states(peer.status()), { timeout: 20_000 }).toEqual(['ready'])
    await expect.poll(async () => (await answer()).status, { timeout: 20_000 }).toBe(200)
    const before = await answer()
    expect(before.body).toMatchObject({ usage: { completion_tokens: 4 } })
    expect(threads).toHaveLength(1)

    seen.length = 0
    await threads[0]?.terminate()
    await expect
      .poll(() => lost, { timeout: 20_000 })
      .toEqual(['The compute thread stopped: it ended with code 1.'])
    await expect.poll(() => states(peer.status()), { timeout: 20_000 }).toEqual(['ready'])
    expect(seen).toContain('downloading')
    expect(threads).toHaveLength(2)
    await expect.poll(async () => (await answer()).status, { timeout: 20_000 }).toBe(200)
    const text = (result: { body: unknown }) =>
      (result.body as { choices: { message: { content: string } }[] }).choices[0]?.message.content // an answer
    expect(text(await answer())).toBe(text(before))
  }, 120_000)

  it('answers two requests of full length at once from a budget that just holds its layers and them', async () => {
    // All eight layers with embedding and head, and twice the caches of 1,024 positions: 512 bytes a layer and position.
    const memoryBudgetBytes = 4_016_896 + 2 * 8 * 1024 * 512
    const peer = await startPeer({ memoryBudgetBytes, isBackstop: false })
    await expect.poll(() => states(peer.status()), { timeout: 20_000 }).toEqual(['ready'])
    expect(peer.status().stages[0]?.layers).toEqual({ start: 0, end: 8 })
    // The relay cuts what is asked for to what the context has left: each session reserves the full length.
    const both = async () => (await Promise.all([answer(1024), answer(1024)])).map(({ status }) => status)
    await expect.poll(async () => (await answer()).status, { timeout: 20_000 }).toBe(200)
    expect(await both()).toEqual([200, 200])
  }, 60_000)

  it('learns from its relay that it lends too little memory for any layer', async () => {
    const peer = await startPeer({ memoryBudgetBytes: 1 << 20, isBackstop: false })
    // A layer takes 392.25 KiB of weights; the caches of two sessions of 1,024 positions take 1 MiB.
    await expect
      .poll(() => peer.status().shortage, { timeout: 20_000 })
      .toEqual({ modelName: 'guide', neededBytes: 401_664 + (1 << 20), budgetBytes: 1 << 20 })
    expect(peer.status().stages).toEqual([])
  }, 30_000)

  it('leaves no thread behind when it stops', async () => {
    const peer = await startPeer()
    await peer.stop()
    peers.length = 0
    expect(threads).toHaveLength(1)
    expect(threads[0]?.threadId).toBe(-1) // of a thread that has ended
  }, 30_000)

  it('leaves no thread behind when it cannot start', async () => {
    await expect(
      startNativePeer({
        relayOrigins: [origin],
        pinnedLayers: null,
        // What no advert can carry: the start fails after the thread is there.
        memoryBudgetBytes: -1,
        isBackstop: true,
        cacheDir: join(dir, 'cache'),
        onCacheFailed() {},
        onChange() {},
        onStageFailed() {},
        onEngineLost() {},
        onEngineGivenUp() {},
      }),
    ).rejects.toThrow()
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1])
  }, 30_000)
})
