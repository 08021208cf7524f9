/** A line that is written over: progress of a command on a terminal. Shows nothing where output is no terminal. */
export interface ProgressLine {
  show(text: string): void
  /** Clears the line. */
  end(): void
}

// 10 a second is as often as an eye can follow.
const MIN_INTERVAL_MS = 100

/** @param output null shows nothing at all */
export function progressLine(output: NodeJS.WriteStream | null): ProgressLine {
  if (output?.isTTY !== true) return { show: () => undefined, end: () => undefined }
  let shownAtMs = -Infinity
  return {
    show(text) {
      const now = performance.now()
      if (now - shownAtMs < MIN_INTERVAL_MS) return
      shownAtMs = now
      output.write(`\r\u001b[K${text.slice(0, output.columns - 1)}`)
    },
    end() {
      output.write('\r\u001b[K')
    },
  }
}

/** `4.0 MB`, in millions of bytes. */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
