import type { Connection, Libp2p } from '@libp2p/interface'
import { describe, expect, it, vi } from 'vitest'
import { parsePeerIdText } from '../protocol/ids.ts'
import { lastingConnection } from './lasting-connection.ts'

const PEER = parsePeerIdText('12D3KooWHUuVuycNHbq5R73b842HoymGVYpid13L1uaDRjhv3ZP4')
const RELAY = '/dns4/relay/tcp/443/wss/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5'
const HALF_HOUR_S = 1_800

type Part = Pick<Connection, 'status' | 'direct' | 'limits' | 'timeline' | 'remoteAddr'>

function connection(ageS: number | null, change: Partial<Part> = {}): Connection {
  const part = {
    status: 'open',
    direct: ageS === null,
    limits: ageS === null ? undefined : { seconds: HALF_HOUR_S - ageS },
    timeline: { open: Date.now() - (ageS ?? 0) * 1000 },
    remoteAddr: { toString: () => `${RELAY}/p2p-circuit/p2p/${PEER}` },
    ...change,
  }
  return part as Connection // what is looked at is there
}

function choose(connections: readonly Connection[], dial: () => Promise<Connection>, relays = [RELAY]) {
  const dialled = vi.fn(dial)
  const libp2p = { getConnections: () => [...connections], dial: dialled } as Pick<
    Libp2p,
    'getConnections' | 'dial'
  >
  return { dialled, chosen: lastingConnection(libp2p, PEER, relays, new AbortController().signal) }
}

const fails = (): Promise<never> => Promise.reject(new Error('no way'))

describe('lastingConnection', () => {
  const direct = connection(null)
  const young = connection(60)
  const old = connection(1_500)
  const fresh = connection(0)

  it.each([
    ['a direct one before all', [old, young, direct], direct],
    ['a young relayed one', [old, young], young],
    ['a relayed one without a limit', [old, connection(null, { direct: false })], 1],
  ] as const)('takes %s', async (_, connections, expected) => {
    const { chosen, dialled } = choose(connections, fails)
    expect(await chosen).toBe(expected === 1 ? connections[1] : expected)
    expect(dialled).not.toHaveBeenCalled()
  })

  it.each([
    ['there is none', []],
    ['the only one is near the end of its time', [old]],
    ['the only one is closing', [connection(60, { status: 'closing' })]],
  ])('makes a new one when %s', async (_, connections) => {
    const { chosen, dialled } = choose(connections, () => Promise.resolve(fresh))
    expect(await chosen).toBe(fresh)
    expect(dialled.mock.calls[0]?.toString()).toContain(`${RELAY}/p2p-circuit/p2p/${PEER}`)
  })

  it('dials by way of the relay of the old one when it is told none', async () => {
    const { chosen, dialled } = choose([old], () => Promise.resolve(fresh), [])
    expect(await chosen).toBe(fresh)
    expect(dialled.mock.calls[0]?.toString()).toContain(`${RELAY}/p2p-circuit/p2p/${PEER}`)
  })

  it('makes do with an old one when no other can be made, and fails when there is none', async () => {
    expect(await choose([old], fails).chosen).toBe(old)
    await expect(choose([], fails).chosen).rejects.toThrow('no way')
  })
})
