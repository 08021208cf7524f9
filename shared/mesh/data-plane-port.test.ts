import { describe, expect, it } from 'vitest'
import { MeshError } from '../errors.ts'
import { parseSessionId, type PeerIdText } from '../protocol/ids.ts'
import type { StageSessionSpec } from './data-plane-api.ts'
import { remoteDataPlane } from './data-plane-port.ts'

const NEIGHBOUR = 'neighbour' as PeerIdText // opaque to a port
const SESSION = parseSessionId('1'.repeat(32))
const DEATH = new MeshError('The thread died.', { data: { code: 'WORKER_FAILED' } })

/** A port into a thread that never answers. */
function deadThread() {
  const posted: unknown[] = []
  const events: unknown[] = []
  let deliver = (_message: unknown): void => {}
  const plane = remoteDataPlane(
    {
      postMessage: (message) => posted.push(message),
      addEventListener: (_type, listener) => {
        deliver = (data) => listener({ data })
      },
    },
    (event) => events.push(event),
  )
  return { plane, posted, events, deliver: (message: unknown) => deliver(message) }
}

describe('a data plane whose thread has died', () => {
  it('fails what waits for an answer at once, and what is asked later', async () => {
    const { plane, posted } = deadThread()
    const calls = () => [
      plane.openSession({} as StageSessionSpec), // never read: nobody is there
      plane.prompt(SESSION, [1]),
      plane.measure(NEIGHBOUR, 64, 1),
    ]
    const before = calls().map((call) => expect(call).rejects.toBe(DEATH))
    plane.fail(DEATH)
    await Promise.all(before)
    await Promise.all(calls().map((call) => expect(call).rejects.toBe(DEATH)))
    expect(posted).toHaveLength(3)
  })

  it('has nothing left to close and no links', async () => {
    const { plane } = deadThread()
    const calls = () =>
      Promise.all([
        plane.closeSession(SESSION, 'leaving'),
        plane.closeSessions(null, 'leaving'),
        plane.removeLink(NEIGHBOUR),
        plane.links(),
      ])
    const before = calls()
    plane.fail(DEATH)
    expect(await before).toEqual([undefined, undefined, undefined, []])
    expect(await calls()).toEqual([undefined, undefined, undefined, []])
  })

  it('keeps its first error and hears nothing any more', async () => {
    const { plane, events, deliver } = deadThread()
    plane.fail(DEATH)
    plane.fail(new MeshError('Another.', { data: { code: 'OTHER' } }))
    deliver({ kind: 'event', event: { kind: 'alive', recentStepMs: null, openSessions: 0 } })
    await expect(plane.prompt(SESSION, [1])).rejects.toBe(DEATH)
    expect(events).toEqual([])
  })
})
