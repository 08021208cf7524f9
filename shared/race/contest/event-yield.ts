/** Lets timers and messages run between two dispatches. */
export interface EventYield {
  yield(): Promise<void>
  /** Frees what keeps a process alive. */
  close(): void
}

/** By a message to itself: browsers stretch short timers to 4 ms, which is a twentieth of a dispatch. */
export function createEventYield(): EventYield {
  const { port1, port2 } = new MessageChannel()
  const waiters: (() => void)[] = []
  port1.onmessage = () => waiters.shift()?.()
  return {
    yield: () =>
      new Promise((resolve) => {
        waiters.push(resolve)
        port2.postMessage(null)
      }),
    close() {
      port1.close()
      for (const waiter of waiters.splice(0)) waiter()
    },
  }
}
