import { Worker } from 'node:worker_threads'
import { RacePathError } from '../../shared/race/race-path-error.ts'
import type { StartLane } from '../../shared/race/wasm/wasm-lane.ts'

// Text, because it must run from the sources and from a bundle alike, and is no more than this.
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
WebAssembly.instantiate(workerData.module, { env: { memory: workerData.memory } }).then(({ exports }) => {
  parentPort.on('message', ({ id, name, args }) => parentPort.postMessage({ id, value: exports[name](...args) ?? 0 }))
  parentPort.postMessage({ id: 0, value: 0 })
})`

/** A lane of the WebAssembly path on a worker thread. */
export const startNodeLane: StartLane = async (module, memory) => {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { module, memory } })
  // A program that has nothing else to do may end although a lane waits.
  worker.unref()
  const waiting = new Map<
    number,
    { resolve: (value: number) => void; reject: (reason: RacePathError) => void }
  >()
  let lastId = 0
  let failure: RacePathError | undefined
  const ask = (id: number): Promise<number> => {
    if (failure !== undefined) return Promise.reject(failure)
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }
  worker.on('message', ({ id, value }: { id: number; value: number }) => {
    waiting.get(id)?.resolve(value)
    waiting.delete(id)
  })
  const fail = (cause: unknown): void => {
    failure ??= new RacePathError('A thread of the Race ended unexpectedly.', {
      data: { code: 'THREAD_FAILED' },
      metaMessages: ['Usually the machine ran out of memory.', 'Race with fewer threads or a smaller class.'],
      cause,
    })
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  worker.on('error', fail)
  worker.on('exit', (code) => fail(new Error(`exit code ${code}`)))
  await ask(0)
  return {
    call(name, args) {
      const id = ++lastId
      const answer = ask(id)
      if (failure === undefined) worker.postMessage({ id, name, args })
      return answer
    },
    async stop() {
      await worker.terminate()
    },
  }
}
