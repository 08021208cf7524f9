import type { LayerRange } from '../../shared/protocol/layer-range.ts'

/** The pages, by path. The relay answers each of these paths with the shell. */
export const PAGES = {
  chat: { path: '/', title: 'Chat' },
  contribute: { path: '/contribute', title: 'Contribute' },
  network: { path: '/network', title: 'Network' },
  race: { path: '/race', title: 'Race' },
  details: { path: '/details', title: 'What you share' },
} as const

export type PageName = keyof typeof PAGES

/** The page of a path, with or without a closing slash; null if there is none. */
export function pageOfPath(path: string): PageName | null {
  const wanted = path === '/' ? path : path.replace(/\/+$/, '')
  for (const [name, page] of Object.entries(PAGES)) {
    if (page.path === wanted) return name as PageName // the keys of PAGES
  }
  return null
}

// Far above any model that a browser can hold a layer of; it only keeps nonsense out.
const MAX_LAYER = 1024

/** The wish `?layers=0-4` (end exclusive) of a page's query; null without one or with one that makes no sense. */
export function pinnedLayersOf(search: string): LayerRange | null {
  const match = /^(\d{1,4})-(\d{1,4})$/.exec(new URLSearchParams(search).get('layers') ?? '')
  if (match === null) return null
  const start = Number(match[1])
  const end = Number(match[2])
  return start < end && end <= MAX_LAYER ? { start, end } : null
}
