import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RaceReport } from '../worker/race-messages.ts'
import { TabRacer } from './tab-racer.ts'

class PlayedWorker extends EventTarget {
  static latest: PlayedWorker
  isTerminated = false
  constructor() {
    super()
    PlayedWorker.latest = this
  }
  terminate(): void {
    this.isTerminated = true
  }
}

describe('TabRacer', () => {
  beforeEach(() => vi.stubGlobal('Worker', PlayedWorker))
  afterEach(() => vi.unstubAllGlobals())

  function reportsAfter(event: Event): RaceReport[] {
    const reports: RaceReport[] = []
    new TabRacer((report) => reports.push(report))
    PlayedWorker.latest.dispatchEvent(event)
    return reports
  }

  it.each([
    ['a plain event, as Chromium sends it', new Event('error')],
    ['an empty message', Object.assign(new Event('error'), { message: '' })],
  ])('asks for a reload when the code cannot be loaded: %s', (_, event) => {
    expect(reportsAfter(event)).toMatchObject([
      {
        kind: 'failed',
        error: { name: 'LoadError', metaMessages: [expect.any(String), 'Reload the page.'] },
      },
    ])
  })

  it('says that the Race stopped when its worker dies at work', () => {
    const event = Object.assign(new Event('error'), { message: 'out of memory' })
    expect(reportsAfter(event)).toMatchObject([
      { kind: 'failed', error: { name: 'Error', shortMessage: 'The Race has stopped unexpectedly.' } },
    ])
  })

  it('ends its worker', () => {
    new TabRacer(() => undefined).dispose()
    expect(PlayedWorker.latest.isTerminated).toBe(true)
  })
})
