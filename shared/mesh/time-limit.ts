/**
 * A signal that aborts after `limitMs`, or when one of `parents` does; call `dispose` when the work is over.
 *
 * Not `AbortSignal.any([parent, AbortSignal.timeout(ms)])`: Node 20 holds the parts of a combined signal weakly, so
 * that a collected timeout never fires.
 */
export function timeLimit(limitMs: number, ...parents: readonly AbortSignal[]): TimeLimit {
  const controller = new AbortController()
  let hasPassed = false
  const timer = setTimeout(() => {
    hasPassed = true
    dispose()
    controller.abort(new Error(`not done within ${limitMs} ms`))
  }, limitMs)
  const onParent = (): void => {
    dispose()
    controller.abort(parents.find((parent) => parent.aborted)?.reason)
  }
  const dispose = (): void => {
    clearTimeout(timer)
    for (const parent of parents) parent.removeEventListener('abort', onParent)
  }
  for (const parent of parents) parent.addEventListener('abort', onParent, { once: true })
  if (parents.some((parent) => parent.aborted)) onParent()
  return {
    signal: controller.signal,
    get hasPassed() {
      return hasPassed
    },
    dispose,
  }
}

export interface TimeLimit {
  readonly signal: AbortSignal
  /** True if the time is what ran out, and no parent. */
  readonly hasPassed: boolean
  dispose(): void
}
