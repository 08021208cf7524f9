import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync(new URL('./theme.css', import.meta.url), 'utf8')

/** The custom properties of the first rule with this selector. */
function tokens(selector: string): ReadonlyMap<string, string> {
  const start = css.indexOf(`${selector} {`)
  expect(start, selector).toBeGreaterThan(-1)
  const body = css.slice(start, css.indexOf('}', start))
  return new Map(
    [...body.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  )
}

/** Relative luminance of an sRGB colour (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

const light = tokens(':root')
const dark = tokens(":root[data-theme='dark']")

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s theme', (_, theme) => {
  const colour = (name: string): string => {
    const value = theme.get(name)
    if (value === undefined) throw new Error(`${name} is not defined`)
    return value
  }

  it.each([
    ...['--paper', '--raised', '--sunken', '--accent-tint', '--attention-tint'].map((surface) => [
      '--ink',
      surface,
    ]),
    ...['--paper', '--raised', '--sunken', '--accent-tint'].map((surface) => ['--ink-soft', surface]),
    ...['--paper', '--raised'].flatMap((surface) => [
      ['--accent', surface],
      ['--attention', surface],
      ['--direct', surface],
    ]),
    ['--accent-ink', '--accent'],
  ])('%s on %s is readable text (4.5:1)', (text = '', surface = '') => {
    expect(contrast(colour(text), colour(surface))).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['--line-strong', ...[0, 1, 2, 3, 4, 5].map((hue) => `--peer-${hue}`)])(
    '%s stands out from the paper (3:1)',
    (mark) => {
      expect(contrast(colour(mark), colour('--paper'))).toBeGreaterThanOrEqual(3)
      expect(contrast(colour(mark), colour('--raised'))).toBeGreaterThanOrEqual(3)
    },
  )
})

it('gives the same dark colours by choice and by the wish of the system', () => {
  expect([...tokens(":root:not([data-theme='light'])")]).toEqual([...dark])
})
