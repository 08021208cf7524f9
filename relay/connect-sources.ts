import { multiaddr } from '@multiformats/multiaddr'

/**
 * The origins of other relays as CSP sources: a page of ours may open their WebSocket and fetch pieces from them.
 * Addresses that are no WebSocket on a host and port give none.
 */
export function connectSourcesOf(relayAddresses: readonly string[]): readonly string[] {
  return relayAddresses.flatMap((address) => {
    const components = multiaddr(address).getComponents()
    const host = components.find(({ name }) => /^(ip4|ip6|dns|dns4|dns6)$/.test(name))
    const port = components.find(({ name }) => name === 'tcp')?.value
    const names = components.map(({ name }) => name)
    if (host?.value === undefined || port === undefined) return []
    const isSecure = names.includes('wss') || (names.includes('tls') && names.includes('ws'))
    if (!isSecure && !names.includes('ws')) return []
    const authority = `${host.name === 'ip6' ? `[${host.value}]` : host.value}:${port}`
    return isSecure
      ? [`wss://${authority}`, `https://${authority}`]
      : [`ws://${authority}`, `http://${authority}`]
  })
}
