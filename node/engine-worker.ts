import { workerData } from 'node:worker_threads'
import { serveEngine } from '../shared/engine/serve-engine.ts'
import type { EngineWorkerData } from './engine-worker-data.ts'
import { createNodeEngine } from './node-engine.ts'

// The compute thread of a native peer.

const { port, limits } = workerData as EngineWorkerData // our own process made it
serveEngine(port, createNodeEngine(limits), (error) => {
  // Uncaught on purpose: the thread ends, and the peer starts another.
  setTimeout(() => {
    throw error
  })
})
