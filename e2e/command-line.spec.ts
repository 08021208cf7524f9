import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { freePort, packGuide, startNode, startRelay, untilNetwork } from './support/mesh.ts'
import { run, type Running } from './support/processes.ts'

const RUNNING = /Ctrl-C stops everything/
/** Stopping is orderly work of a moment; a busy test machine may take its time. */
const GONE_WITHIN_MS = 10_000

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'racemesh-cli-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Started {
  readonly origin: string
  readonly port: number
  readonly start: Running
  /** The relay, the node and the chain. */
  readonly children: readonly number[]
}

async function startEverything(dataDir: string, args: readonly string[] = []): Promise<Started> {
  const port = await freePort()
  const start = await run(
    ['bin/racemesh.mjs', 'start', '--port', String(port), '--data', dataDir, '--chain-port', '0', ...args],
    RUNNING,
  )
  const children = childrenOf(start.child.pid!)
  // Last of all, and only those that did not stop in order: a chain whose owner is killed lives on.
  cleanups.push(() =>
    Promise.resolve(children.filter(isAlive).forEach((pid) => process.kill(pid, 'SIGKILL'))),
  )
  cleanups.push(() => start.stop())
  return { origin: `http://127.0.0.1:${port}`, port, start, children }
}

/** Runs a command to its end. */
function finish(
  args: readonly string[],
): Promise<{ code: number | null; pid: number; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/racemesh.mjs', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    child.once('error', reject)
    // `close` comes when nobody holds the pipes any more: a child that was left behind would keep it waiting.
    child.once('close', (code) => resolve({ code, pid: child.pid!, out, err }))
  })
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child!)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false // kill throws ErrnoExceptions
    throw error
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function post(origin: string): Promise<Response> {
  return fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 8 }),
  })
}

/** Names and addresses in the record that `start` names; each must have code on the chain that it names. */
async function deployedContracts(start: Running): Promise<Record<string, string>> {
  const [, url, recordFile] = /Chain +(http\S+) +\(contracts: (.+)\)/.exec(start.output()) ?? []
  const record = JSON.parse(await readFile(recordFile!, 'utf8')) as {
    contracts: Record<string, { address: string }>
  } // written by the deployment
  const addresses = Object.entries(record.contracts).map(([name, { address }]) => [name, address] as const)
  for (const [name, address] of addresses) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getCode', params: [address, 'latest'] })
    const response = await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const { result } = (await response.json()) as { result: string } // JSON-RPC 2.0
    expect(result.length, name).toBeGreaterThan(100)
  }
  return Object.fromEntries(addresses)
}

/** An error for people: no stack. */
function expectClear(text: string): void {
  expect(text).not.toMatch(/^ {4}at /m)
}

describe('racemesh start', () => {
  it('answers as soon as it says that it runs, and Ctrl-C ends all of it', async () => {
    const { origin, port, start, children } = await startEverything(await temporaryFolder())
    const answer = await ask(origin, [{ role: 'user', content: 'Hello' }], { maxTokens: 8 })
    expect(answer.text).not.toBe('')
    expect(answer.stages.map(({ kind }) => kind)).toEqual(['native'])
    expect(children).toHaveLength(3)
    expect(await start.stop(), start.output()).toBe(0)
    expect(children.filter(isAlive)).toEqual([])
    expect(await isFree(port)).toBe(true)
  })

  it('leaves nothing on the port when it alone is killed', async () => {
    const { port, start, children } = await startEverything(await temporaryFolder())
    expect(children).toHaveLength(3)
    start.child.kill('SIGKILL')
    await expect.poll(() => children.filter(isAlive), { timeout: GONE_WITHIN_MS }).toEqual([])
    expect(await isFree(port)).toBe(true)
  })

  it('starts again on the same data after everything was killed', async () => {
    const dataDir = await temporaryFolder()
    const first = await startEverything(dataDir)
    const key = await readFile(join(dataDir, 'relay', 'relay.key'))
    for (const pid of [first.start.child.pid!, ...first.children]) process.kill(pid, 'SIGKILL')
    await expect.poll(() => first.children.filter(isAlive), { timeout: GONE_WITHIN_MS }).toEqual([])
    const second = await startEverything(dataDir)
    expect(await readFile(join(dataDir, 'relay', 'relay.key'))).toEqual(key)
    expect((await post(second.origin)).status).toBe(200)
  })

  it('has a chain with the contracts, also after everything was killed', async () => {
    const dataDir = await temporaryFolder()
    const first = await startEverything(dataDir, ['--no-node'])
    const contracts = await deployedContracts(first.start)
    expect(Object.keys(contracts)).toContain('governor')
    for (const pid of [first.start.child.pid!, ...first.children]) process.kill(pid, 'SIGKILL')
    await expect.poll(() => first.children.filter(isAlive), { timeout: GONE_WITHIN_MS }).toEqual([])
    const second = await startEverything(dataDir, ['--no-node'])
    expect(second.start.output()).toMatch(/left over/)
    expect(await deployedContracts(second.start)).toEqual(contracts)
  })

  it('goes on without a chain where its port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise((resolve) => taken.close(resolve)))
    const { port } = taken.address() as AddressInfo // it listens on a port
    const args = ['--no-node', '--chain-port', String(port)]
    const { origin, start } = await startEverything(await temporaryFolder(), args)
    expect(start.output()).toMatch(/The local chain did not start[\s\S]*port taken/)
    expect(start.output()).not.toMatch(/contracts:/)
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  })

  it('without a peer of its own says what to do when asked', async () => {
    const { origin, children } = await startEverything(await temporaryFolder(), ['--no-node', '--no-chain'])
    expect(children).toHaveLength(1)
    const network = (await (await fetch(`${origin}/api/network`)).json()) as { peers: unknown[] } // our own relay
    expect(network.peers).toEqual([])
    const response = await post(origin)
    expect(response.status).toBe(503)
    const { error } = (await response.json()) as { error: { message: string } } // our own relay
    expect(error.message).toMatch(/no awake peer.*open the app and press Contribute/)
  })

  it.each([
    ['another relay', ['--no-node']],
    ['a whole mesh', []],
  ])('says that the port is taken by %s, and leaves nothing running', async (_, args) => {
    const dataDir = await temporaryFolder()
    const first = await startEverything(dataDir, args)
    // It settles only when no child of it holds its output any more.
    const second = await finish(['start', '--port', String(first.port), '--data', join(dataDir, 'second')])
    expect(second.code).toBe(1)
    expect(second.err).toMatch(/The port is taken[\s\S]*npm start -- --port/)
    expect(second.out).not.toMatch(RUNNING)
    expectClear(second.err)
    expect(childrenOf(second.pid)).toEqual([])
    expect((await fetch(`${first.origin}/healthz`)).status).toBe(200)
  })

  it.each([[['start', '--bogus']], [['request', '--bogus']], [['bogus']], [['start', '--port', '99999']]])(
    'refuses the command line %j with code 2',
    async (args) => {
      const { code, out, err } = await finish(args)
      expect(code).toBe(2)
      expect(err).toMatch(/bogus|--port takes a whole number from 1 to 65535/)
      expect(out).toBe('')
      expectClear(err)
    },
  )
})

describe('racemesh request', () => {
  it('prints the answer with its route, or one JSON object, or what is wrong with the model', async () => {
    const { origin } = await startEverything(await temporaryFolder())
    const request = ['request', '--relay', origin, '--prompt', 'Hello', '--max-tokens', '8']
    const { text } = await ask(origin, [{ role: 'user', content: 'Hello' }], { maxTokens: 8 })

    const told = await finish(request)
    expect(told.code, told.err).toBe(0)
    expect(told.out).toContain(`${text}\n\n━━━━`)
    expect(told.out).toMatch(/━{32} {2}layers 0-8 {2}native …\w{8} {2}.*answers itself\n.*tokens\/s\n$/)

    const json = await finish([...request, '--json'])
    expect(json.code, json.err).toBe(0)
    expect(JSON.parse(json.out)).toMatchObject({
      text,
      finish_reason: expect.stringMatching(/^(stop|length)$/) as string,
      usage: { completion_tokens: expect.any(Number) as number },
      racemesh: { stages: [{ layers: [0, 8] }] },
    })

    // One token has no rate: a null of the report must not end the drawing.
    const short = await finish([...request.slice(0, -1), '1'])
    expect(short.code, short.err).toBe(0)
    expect(short.out).toMatch(/answers itself\nfirst token after \d+ ms\n$/)

    const unknown = await finish([...request, '--model', 'nobody'])
    expect(unknown.code).toBe(1)
    expect(unknown.err).toMatch(/There is no such model here\. This relay serves: guide\./)
    expectClear(unknown.err)
  })
})

describe('without a relay', () => {
  it.each([
    ['request', ['request', '--prompt', 'Hello']],
    ['node', ['node']],
  ])('racemesh %s says so', async (_, args) => {
    const origin = `http://127.0.0.1:${await freePort()}`
    const { code, err } = await finish([...args, '--relay', origin])
    expect(code).toBe(1)
    expect(err).toContain(`The relay at ${origin} cannot be reached.`)
    expect(err).toMatch(/Start one with: np/)
    expectClear(err)
  })
})

describe('racemesh pack and verify', () => {
  it('verify names the damaged file', async () => {
    const model = join(await temporaryFolder(), 'guide')
    await packGuide(model, 'q8')
    expect(await finish(['verify', model])).toMatchObject({ code: 0 })
    const name = (await readdir(model)).find((file) => file.startsWith('layer-'))!
    const bytes = await readFile(join(model, name))
    bytes[100]! ^= 1
    await writeFile(join(model, name), bytes)
    const { code, err } = await finish(['verify', model])
    expect(code).toBe(1)
    expect(err).toContain(name)
    expectClear(err)
  })

  it.each([
    ['model.safetensors', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['tokenizer.json', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['config.json', () => Buffer.from('{ "hidden')],
  ])('pack names the damaged %s and writes nothing', async (name, damage) => {
    const folder = await temporaryFolder()
    const source = join(folder, 'source')
    execFileSync('cp', ['-r', 'models/guide', source])
    await writeFile(join(source, name), damage(await readFile(join(source, name))))
    const { code, err } = await finish(['pack', source, '--out', join(folder, 'packed')])
    expect(code).toBe(1)
    expect(err).toContain(name)
    expectClear(err)
    expect(await readdir(folder)).toEqual(['source'])
  })
})

describe('npx relay', () => {
  it('stops on Ctrl-C', async () => {
    const relay = await startRelay()
    cleanups.push(() => relay.stop())
    expect(await relay.process.stop()).toBe(0)
  })

  it('notices that a federated relay fell silent, and shares peers again once it is back', async () => {
    const far = await startRelay()
    cleanups.push(() => far.stop())
    const address = /Peers dial +(\S+)/.exec(far.process.output())![1]!
    const near = await startRelay({ args: ['--peer-relay', address] })
    cleanups.push(() => near.stop())
    const warnings = (): number =>
      near.process.output().match(/federated relay cannot be reached/g)?.length ?? 0
    // A ping has 5 s and is sent each 5 s.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(warnings()).toBe(0)
    far.process.child.kill('SIGSTOP')
    await expect.poll(warnings, { timeout: 20_000 }).toBeGreaterThan(0)
    far.process.child.kill('SIGCONT')
    const node = await startNode(far.origin)
    cleanups.push(() => node.stop())
    await untilNetwork(near.origin, ({ peers }) => peers.length === 1, 20_000)
  })
})
