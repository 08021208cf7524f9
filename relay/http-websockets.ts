import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { webSockets, type WebSocketsComponents } from '@libp2p/websockets'
import type { CreateListenerOptions, Listener, Transport } from '@libp2p/interface'

/** A tab whose machine vanished is found after this and ten probes a second apart (libuv's), at no cost to us. */
const KEEP_ALIVE_MS = 30_000

/** Answers the ordinary HTTP requests of the port. */
export type FetchHandler = (request: Request, bindings?: object) => Response | Promise<Response>

/**
 * libp2p's WebSocket transport whose listener also answers HTTP, so that a relay needs one port.
 *
 * The listener makes its own HTTP server and binds its `httpRequestHandler` (which answers 400) in `listen()`; putting
 * ours in its place before that is enough. The member is not documented API: versions are pinned, and
 * `mesh-host.test.ts` does a GET and a dial on one port.
 */
export function webSocketsWithHttp(fetch: FetchHandler): (components: WebSocketsComponents) => Transport {
  return (components) => {
    const transport = webSockets({ http: { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } })(
      components,
    )
    const createListener = transport.createListener.bind(transport)
    transport.createListener = (options: CreateListenerOptions): Listener => {
      const listener = createListener(options)
      const handler: (request: IncomingMessage, response: ServerResponse) => Promise<void> =
        getRequestListener(fetch)
      Object.assign(listener, { httpRequestHandler: handler })
      return listener
    }
    return transport
  }
}
