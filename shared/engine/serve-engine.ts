import { errorCode, toErrorObject } from '../errors.ts'
import type { ComputeEngine } from './compute-engine.ts'
import {
  transferablesOf,
  type EngineCalls,
  type EngineMethod,
  type EnginePort,
  type EngineReply,
  type EngineRequest,
} from './engine-messages.ts'

/**
 * Answers the calls of a `WorkerEngine` at the other end of `port`. One engine may serve several ports.
 * @param onLost told when the device is lost, after the caller was: nothing but a new worker helps then
 * @returns a function that stops listening
 */
export function serveEngine(
  port: EnginePort,
  engine: ComputeEngine,
  onLost: (error: unknown) => void = () => {},
): () => void {
  const reply = (message: EngineReply): void => port.postMessage(message, transferablesOf(message))

  const onMessage = ({ data }: { data: unknown }): void => {
    const request = data as Partial<EngineRequest> | null // our own tab or process; other kinds are not for us
    if (request?.kind === 'engine-ping') reply({ kind: 'engine-pong' })
    if (request?.kind === 'engine-call')
      void answer(request as Extract<EngineRequest, { kind: 'engine-call' }>)
  }

  const answer = async (request: Extract<EngineRequest, { kind: 'engine-call' }>): Promise<void> => {
    try {
      reply({ kind: 'engine-result', id: request.id, result: await call(engine, request) })
    } catch (error) {
      reply({ kind: 'engine-error', id: request.id, error: toErrorObject(error) })
      if (errorCode(error) === 'DEVICE_LOST') onLost(error)
    }
  }

  port.addEventListener('message', onMessage)
  port.start?.()
  return () => port.removeEventListener('message', onMessage)
}

async function call(
  engine: ComputeEngine,
  request: Extract<EngineRequest, { kind: 'engine-call' }>,
): Promise<EngineCalls[EngineMethod]['result']> {
  switch (request.method) {
    case 'capabilities':
      return engine.capabilities()
    case 'loadStage':
      return engine.loadStage(request.params)
    case 'unloadStage':
      await engine.unloadStage(request.params.stageId)
      return null
    case 'openSession':
      await engine.openSession(request.params)
      return null
    case 'closeSession':
      await engine.closeSession(request.params.stageId, request.params.sessionId)
      return null
    case 'forward':
      return engine.forward(request.params)
    case 'dispose':
      await engine.dispose()
      return null
  }
}
