import type { RaceCommand, RaceReport } from '../worker/race-messages.ts'

/** The page's end of the race worker: one contest, and the check of its proof. */
export class TabRacer {
  readonly #worker: Worker
  readonly #onReport: (report: RaceReport) => void

  constructor(onReport: (report: RaceReport) => void) {
    this.#onReport = onReport
    this.#worker = new Worker(new URL('../worker/race.ts', import.meta.url), {
      type: 'module',
      name: 'racemesh-race',
    })
    this.#worker.addEventListener('message', ({ data }: MessageEvent<RaceReport>) => this.#onReport(data))
    this.#worker.addEventListener('error', (event) => {
      // Without a message the worker's file itself could not be loaded: Chromium then sends a plain Event.
      const message: string | undefined = event.message
      const isGone = message === undefined || message === ''
      this.#onReport({
        kind: 'failed',
        error: {
          name: isGone ? 'LoadError' : 'Error',
          shortMessage: isGone
            ? 'The code of the Race could not be loaded.'
            : 'The Race has stopped unexpectedly.',
          metaMessages: isGone
            ? ['A newer version may have replaced it.', 'Reload the page.']
            : ['The browser may have run out of memory.', 'Start again, perhaps in a smaller class.'],
          data: { code: 'WORKER_FAILED' },
        },
      })
    })
  }

  send(command: RaceCommand): void {
    this.#worker.postMessage(command)
  }

  /** Ends the worker and whatever it does. */
  dispose(): void {
    this.#worker.terminate()
  }
}
