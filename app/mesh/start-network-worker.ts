/** Starts the thread that a `NetworkClient` speaks to. */
export function startNetworkWorker(): Worker {
  return new Worker(new URL('../worker/network.ts', import.meta.url), {
    type: 'module',
    name: 'racemesh-network',
  })
}
