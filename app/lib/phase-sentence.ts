import { formatRange } from '../../shared/protocol/layer-range.ts'
import type { ContributorStatus } from '../mesh-contributor.ts'
import { formatBytes, formatPlural } from './format.ts'

/** What the tab does now, in a sentence. */
export function phaseSentence({ phase, stage, shortage, tokensServed }: ContributorStatus): string {
  const layers = stage === null ? 'its layers' : `layers ${formatRange(stage.layers)} of ${stage.layerCount}`
  switch (phase) {
    case 'off':
      return 'This tab does nothing for the mesh.'
    case 'connecting':
      return 'This tab is connecting to the relay.'
    case 'waiting':
      return shortage === null
        ? 'This tab is connected and waits for layers to hold.'
        : `This tab has no room for a layer: with its sessions, the smallest part of ${shortage.modelName} takes ` +
            `${formatBytes(shortage.neededBytes)}, and this tab lends ${formatBytes(shortage.budgetBytes)}. ` +
            'Stop and start again with more power; beyond Full, only a native node lends more.'
    case 'downloading':
      return `This tab is downloading ${layers}.`
    case 'preparing':
      return `This tab has ${layers} and tests that it computes them correctly.`
    case 'serving':
      return tokensServed === 0
        ? `This tab holds ${layers} and waits for the first request.`
        : `This tab holds ${layers} and has answered ${formatPlural(tokensServed, 'token')}.`
    case 'stopping':
      return 'This tab is stopping.'
    case 'failed':
      return 'This tab has stopped because something failed.'
    default:
      return phase satisfies never
  }
}
