import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { multiaddr } from '@multiformats/multiaddr'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'

const ENTRY = fileURLToPath(new URL('cli.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Run {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly output: () => string
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, exited, output: () => output }
}

const dataDir = () => mkdtempSync(join(tmpdir(), 'racemesh-relay-'))

async function listening(relay: Run): Promise<{ readonly origin: string; readonly address: string }> {
  await expect.poll(relay.output, { timeout: 20_000 }).toMatch(/Peers dial +\S+\s/)
  const origin = /App +(\S+)/.exec(relay.output())?.[1] ?? ''
  const address = /Peers dial +(\S+)/.exec(relay.output())?.[1] ?? ''
  return { origin, address }
}

function statusFrom(localAddress: string, url: string, forwardedFor?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
    get(url, { localAddress, headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).once('error', reject)
  })
}

describe('npx relay', () => {
  it('answers HTTP and a libp2p dial on one port, keeps its identity, and stops on SIGTERM', async () => {
    const data = dataDir()
    const relay = run('--port', '0', '--data', data)
    const { origin, address } = await listening(relay)
    const health = await fetch(`${origin}/healthz`)
    expect(health.status).toBe(200)
    expect(await health.json()).toMatchObject({ status: 'ok', models: 0 })

    const peer = await createLibp2p({
      transports: [webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    })
    try {
      const connection = await peer.dial(multiaddr(address))
      expect(address).toContain(connection.remotePeer.toString())
    } finally {
      await peer.stop()
    }

    relay.child.kill('SIGTERM')
    expect(await relay.exited, relay.output()).toBe(0)

    const again = run('--port', '0', '--data', data)
    const peerId = (text: string) => /\/p2p\/(\w+)/.exec(text)?.[1]
    expect(peerId((await listening(again)).address)).toBe(peerId(address))
  })

  // Only Linux answers on all of 127.0.0.0/8 without being told to.
  it.runIf(process.platform === 'linux')('limits a client by the address of its socket', async () => {
    const { origin } = await listening(run('--port', '0', '--data', dataDir()))
    const url = `${origin}/v1/models`
    // A header names another client each time; no proxy is trusted, so it is one and the same.
    const statuses = await Promise.all(
      Array.from({ length: 160 }, (_, i) => statusFrom('127.0.0.1', url, `198.51.100.${i}`)),
    )
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
    expect(await statusFrom('127.0.0.2', url)).toBe(200)
  })

  it('says so when the port is taken', async () => {
    const { origin } = await listening(run('--port', '0', '--data', dataDir()))
    const second = run('--port', new URL(origin).port, '--data', dataDir())
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain('The port is taken.')
    expect(second.output()).not.toContain('    at ')
  })

  it.each([
    ['an unknown flag', ['--prot', '1'], 2, "Unknown option '--prot'"],
    ['a model that is not there', ['--model', '/nowhere'], 1, 'A model folder is made by'],
    ['help', ['--help'], 0, '--trust-proxy N'],
  ])('%s', async (_, args, code, text) => {
    const relay = run(...args)
    expect(await relay.exited).toBe(code)
    expect(relay.output()).toContain(text)
    expect(relay.output()).not.toContain('    at ')
  })
})
