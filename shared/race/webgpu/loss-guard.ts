import { RacePathError } from '../race-path-error.ts'

/** Ends waiting for a device that is gone: what was submitted to it may never be answered. */
export class LossGuard {
  #lost: RacePathError | undefined
  readonly #waiting = new Set<(reason: RacePathError) => void>()

  constructor(device: GPUDevice) {
    void device.lost.then(({ message }) => {
      this.#lost = deviceLost(new Error(message))
      for (const reject of this.#waiting) reject(this.#lost)
    })
  }

  /** @throws RacePathError `DEVICE_LOST` if the device is gone */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost
  }

  /** What `work` gives, or a rejection with `DEVICE_LOST` as soon as the device is gone. */
  async wait<T>(work: Promise<T>): Promise<T> {
    this.check()
    let give: ((reason: RacePathError) => void) | undefined
    // Not a race with `device.lost` itself, which would keep every waiter for as long as the device lives.
    const loss = new Promise<never>((_, reject) => {
      give = reject
      this.#waiting.add(reject)
    })
    try {
      return await Promise.race([work, loss])
    } finally {
      this.#waiting.delete(give!)
    }
  }

  /** What fails on a lost device fails because it is lost. */
  explain(error: unknown): unknown {
    return this.#lost ?? error
  }
}

function deviceLost(cause: unknown): RacePathError {
  return new RacePathError('The GPU device was lost.', {
    data: { code: 'DEVICE_LOST' },
    metaMessages: [
      'Drivers reset after a hang, when the machine sleeps and when memory runs out.',
      'Open a new device and prepare the Race again.',
    ],
    cause,
  })
}
