import { describe, expect, it } from 'vitest'
import { StopStringDetector } from './stop-strings.ts'

/** Everything that comes out for these pieces, and whether it stopped. */
function run(stops: string[], pieces: string[]): { text: string; isStopped: boolean } {
  const detector = new StopStringDetector(stops)
  let text = ''
  for (const piece of pieces) {
    const step = detector.push(piece)
    text += step.text
    if (step.isStopped) return { text, isStopped: true }
  }
  return { text: text + detector.flush(), isStopped: false }
}

describe('stop strings', () => {
  it.each<[string, string[], string[], string, boolean]>([
    ['in one piece', ['END'], ['one END two'], 'one ', true],
    ['over three pieces', ['END'], ['one E', 'N', 'D two'], 'one ', true],
    ['that only seemed to begin', ['END'], ['one EN', 'TER'], 'one ENTER', false],
    ['that begins again inside a false start', ['aab'], ['aa', 'ab'], 'a', true],
    ['the earliest of several', ['two', 'on'], ['one two'], '', true],
    ['one that is the beginning of another', ['ab', 'abc'], ['xabc'], 'x', true],
    ['half of one at the end of the text', ['END'], ['one EN'], 'one EN', false],
    ['an empty one, which is ignored', [''], ['one'], 'one', false],
    ['none at all', [], ['o', 'ne'], 'one', false],
  ])('%s', (_, stops, pieces, text, isStopped) => {
    expect(run(stops, pieces)).toEqual({ text, isStopped })
  })

  it('gives out at once what can be no part of a stop string', () => {
    const detector = new StopStringDetector(['\n\nUser:'])
    expect(detector.push('Hello.')).toEqual({ text: 'Hello.', isStopped: false })
    expect(detector.push('\n')).toEqual({ text: '', isStopped: false })
    expect(detector.push('More')).toEqual({ text: '\nMore', isStopped: false })
  })

  it('says nothing after a stop', () => {
    const detector = new StopStringDetector(['x'])
    detector.push('x')
    expect(detector.push('more')).toEqual({ text: '', isStopped: true })
    expect(detector.flush()).toBe('')
  })

  it('does not depend on how the text is cut', () => {
    const text = 'aXbXYcXYZd'
    for (let cut = 0; cut <= text.length; cut++) {
      expect(run(['XYZ'], [text.slice(0, cut), text.slice(cut)]), `cut at ${cut}`).toEqual({
        text: 'aXbXYc',
        isStopped: true,
      })
    }
  })
})
