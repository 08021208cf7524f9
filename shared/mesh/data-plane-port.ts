import { MeshError, toErrorObject, type MeshErrorObject } from '../errors.ts'
import type { DataPlaneApi, DataPlaneEvent } from './data-plane-api.ts'

/** What a MessagePort and a Worker have in common. */
export interface PortLike {
  postMessage(message: unknown, transfer?: readonly unknown[]): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

type Verb = keyof DataPlaneApi
type Call = { [V in Verb]: { readonly verb: V; readonly args: Parameters<DataPlaneApi[V]> } }[Verb]
type Request = { readonly kind: 'call'; readonly id: number } & Call
type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: MeshErrorObject }
  | { readonly kind: 'event'; readonly event: DataPlaneEvent }

/** Serves a data plane that lives in this thread to the thread at the other end. Returns where events are posted. */
export function serveDataPlane(port: PortLike, plane: () => DataPlaneApi): (event: DataPlaneEvent) => void {
  port.addEventListener('message', ({ data }) => {
    const request = data as Partial<Request> | null // both ends are ours; other messages of the port have other kinds
    if (request?.kind !== 'call') return
    const { id } = request as Request // a call has all its fields
    void invoke(plane, request as Request).then(
      (value) => post(port, { kind: 'result', id, value }),
      (error: unknown) => post(port, { kind: 'error', id, error: toErrorObject(error) }),
    )
  })
  return (event) => post(port, { kind: 'event', event })
}

/** A data plane in another thread, which may die. */
export interface RemoteDataPlane extends DataPlaneApi {
  /**
   * Gives the thread up: what waits for an answer fails with `error`, and so does all that needs the thread. Its
   * sessions and links went with it, so closing them, and listing none, is done at once.
   */
  fail(error: MeshError): void
}

interface PendingCall {
  readonly verb: Verb
  readonly resolve: (value: unknown) => void
  readonly reject: (error: MeshError) => void
}

/** The data plane at the other end of a port. */
export function remoteDataPlane(port: PortLike, onEvent: (event: DataPlaneEvent) => void): RemoteDataPlane {
  const pending = new Map<number, PendingCall>()
  let nextId = 1
  let failure: MeshError | null = null
  port.addEventListener('message', ({ data }) => {
    if (failure !== null) return
    const reply = data as Reply // both ends are ours
    if (reply.kind === 'event') {
      onEvent(reply.event)
      return
    }
    if (reply.kind !== 'result' && reply.kind !== 'error') return
    const waiting = pending.get(reply.id)
    pending.delete(reply.id)
    if (reply.kind === 'error') waiting?.reject(MeshError.fromObject(reply.error))
    else waiting?.resolve(reply.value)
  })
  const call =
    <V extends Verb>(verb: V) =>
    (...args: Parameters<DataPlaneApi[V]>): ReturnType<DataPlaneApi[V]> => {
      const result = new Promise<unknown>((resolve, reject) => {
        const waiting: PendingCall = { verb, resolve, reject }
        if (failure !== null) {
          settleWithoutThread(waiting, failure)
          return
        }
        const id = nextId++
        pending.set(id, waiting)
        port.postMessage({ kind: 'call', id, verb, args })
      })
      return result as ReturnType<DataPlaneApi[V]> // `Call` ties the verb to its result
    }
  return {
    openSession: call('openSession'),
    prompt: call('prompt'),
    closeSession: call('closeSession'),
    closeSessions: call('closeSessions'),
    removeLink: call('removeLink'),
    links: call('links'),
    measure: call('measure'),
    fail(error) {
      if (failure !== null) return
      failure = error
      for (const waiting of pending.values()) settleWithoutThread(waiting, error)
      pending.clear()
    },
  }
}

function settleWithoutThread({ verb, resolve, reject }: PendingCall, error: MeshError): void {
  switch (verb) {
    case 'closeSession':
    case 'closeSessions':
    case 'removeLink':
      resolve(undefined)
      return
    case 'links':
      resolve([])
      return
    case 'openSession':
    case 'prompt':
    case 'measure':
      reject(error)
      return
    default:
      verb satisfies never
  }
}

async function invoke(find: () => DataPlaneApi, request: Request): Promise<unknown> {
  const plane = find()
  switch (request.verb) {
    case 'openSession':
      return plane.openSession(...request.args)
    case 'prompt':
      return plane.prompt(...request.args)
    case 'closeSession':
      return plane.closeSession(...request.args)
    case 'closeSessions':
      return plane.closeSessions(...request.args)
    case 'removeLink':
      return plane.removeLink(...request.args)
    case 'links':
      return plane.links()
    case 'measure':
      return plane.measure(...request.args)
  }
}

function post(port: PortLike, reply: Reply): void {
  port.postMessage(reply)
}
