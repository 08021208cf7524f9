import type { Attachment } from 'svelte/attachments'
import type { TrackGeometry } from './track-geometry.ts'

const SVG = 'http://www.w3.org/2000/svg'
const RUN_MS = 620
// The dot's radius and outline: it never leaves the picture.
const EDGE = 4
// At ten pulses a second they still read as pulses; more is a smear.
const MIN_GAP_MS = 100

/**
 * Sends a dot along the track each time that the count of tokens rises: over the bars of a single lane and back along
 * the rail; where peers lie in several lanes, along the rail only, because nobody said which of them it passed.
 */
export function tokenPulse(
  read: () => { readonly tokens: number; readonly geometry: TrackGeometry; readonly width: number },
): Attachment<SVGGElement> {
  let lastTokens: number | null = null
  let lastMs = 0
  return (group) => {
    const { tokens, geometry, width } = read()
    const hasRisen = lastTokens !== null && tokens > lastTokens
    lastTokens = tokens
    const nowMs = performance.now()
    if (!hasRisen || nowMs - lastMs < MIN_GAP_MS || isMotionReduced()) return
    lastMs = nowMs
    const dot = document.createElementNS(SVG, 'circle')
    dot.setAttribute('r', '3.5')
    dot.setAttribute('class', 'pulse')
    dot.style.fill = 'var(--accent)'
    dot.style.stroke = 'var(--raised)'
    dot.style.strokeWidth = '1.5'
    group.append(dot)
    const isSingle = geometry.bars.every((bar) => bar.lane === 0)
    const y = isSingle ? (geometry.lanes.top + geometry.lanes.bottom) / 2 : geometry.railY
    const at = (x: number, dotY: number): string => `translate(${x}px, ${dotY}px)`
    const run = dot.animate(
      [
        { transform: at(EDGE, y), opacity: 1, easing: 'ease-in-out' },
        { transform: at(width - EDGE, y), opacity: 1, offset: 0.7 },
        { transform: at(width - EDGE, geometry.railY), opacity: 0.8, offset: 0.76 },
        { transform: at(EDGE, geometry.railY), opacity: 0 },
      ],
      { duration: RUN_MS },
    )
    run.onfinish = run.oncancel = () => dot.remove()
  }
}

function isMotionReduced(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}
