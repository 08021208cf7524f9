import type { Contributor } from '../mesh-contributor.ts'
import { TabContributor } from './tab-contributor.ts'

/** The tab's side of the mesh. Nothing runs until its `start` is called. */
export function createContributor(options: { relayOrigin: string }): Promise<Contributor> {
  return Promise.resolve(new TabContributor(options.relayOrigin))
}
