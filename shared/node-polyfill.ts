// libp2p 3 needs two globals that Node 20 lacks: `Promise.withResolvers` (Node 22) and `WebSocket` (its dialler
// uses the global). Node entry points import this module before anything of libp2p; tabs never load it.
import { WebSocket } from 'ws'

const polyfills = {
  withResolvers<T>() {
    let resolve!: (value: T | PromiseLike<T>) => void
    let reject!: (reason?: unknown) => void
    const promise = new Promise<T>((onResolve, onReject) => {
      resolve = onResolve
      reject = onReject
    })
    return { promise, resolve, reject }
  },
}

if (!('withResolvers' in Promise)) Object.assign(Promise, polyfills)
if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket })
