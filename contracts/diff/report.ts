/** What a comparison of model and contracts covered. */
export interface DiffReport {
  readonly seed: number
  batches: number
  batchEvents: number
  channels: number
  channelEvents: number
  /** Epochs that were started. */
  epochs: number
  epochEvents: number
  /** Events that both accept. */
  accepted: number
  /** Events that both refuse, by the name of the error. */
  refused: Record<string, number>
  /** Claims made a second time at once. */
  doubleSpends: number
  differences: string[]
}

export function emptyReport(seed: number): DiffReport {
  return {
    seed,
    batches: 0,
    batchEvents: 0,
    channels: 0,
    channelEvents: 0,
    epochs: 0,
    epochEvents: 0,
    accepted: 0,
    refused: {},
    doubleSpends: 0,
    differences: [],
  }
}

/** @param refused Name of the error, if the event is refused */
export function countStep(report: DiffReport, refused: string | undefined): void {
  if (refused === undefined) report.accepted++
  else report.refused[refused] = (report.refused[refused] ?? 0) + 1
}
