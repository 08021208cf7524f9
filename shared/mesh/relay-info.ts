import { multiaddr } from '@multiformats/multiaddr'
import { MeshError } from '../errors.ts'
import type { RelayAddress } from './mesh-peer.ts'
import { parsePeerIdText } from '../protocol/ids.ts'

/** A relay that cannot be used. */
export class RelayInfoError extends MeshError<
  { code: 'RELAY_UNREACHABLE'; origin: string } | { code: 'NOT_A_RELAY'; origin: string }
> {
  override readonly name = 'RelayInfoError'
}

/** Asks a relay, by its web address, who it is. @throws RelayInfoError */
export async function relayInfo(origin: string): Promise<RelayAddress> {
  let body: unknown
  try {
    const response = await fetch(new URL('/api/network', origin).href, {
      signal: AbortSignal.timeout(10_000),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    body = await response.json()
  } catch (error) {
    throw new RelayInfoError(`The relay at ${origin} cannot be reached.`, {
      data: { code: 'RELAY_UNREACHABLE', origin },
      metaMessages: ['It is not running, or the address is wrong.', 'Start one with: npx relay'],
      cause: error,
    })
  }
  const peerId = (body as { relay?: { peerId?: unknown } } | null)?.relay?.peerId
  try {
    const id = parsePeerIdText(peerId)
    return { peerId: id, address: relayMultiaddr(origin, id) }
  } catch (error) {
    throw new RelayInfoError(`What answers at ${origin} is not a Racemesh relay.`, {
      data: { code: 'NOT_A_RELAY', origin },
      metaMessages: ['Another program may be using the port.'],
      cause: error,
    })
  }
}

/** `https://host` and `http://host:port` as the multiaddr of the WebSocket on the same port. */
export function relayMultiaddr(origin: string, peerId: string): string {
  const url = new URL(origin)
  const isSecure = url.protocol === 'https:'
  const port = url.port === '' ? (isSecure ? '443' : '80') : url.port
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = host.includes(':') ? 'ip6' : /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'ip4' : 'dns'
  const address = `/${family}/${host}/tcp/${port}/${isSecure ? 'wss' : 'ws'}/p2p/${peerId}`
  return multiaddr(address).toString()
}
