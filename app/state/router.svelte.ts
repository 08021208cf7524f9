import { pageOfPath, PAGES, pinnedLayersOf, type PageName } from '../lib/routes.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'

/** The page on show. Links are plain `<a href>`: {@link Router.follow} takes those that stay in the app. */
export class Router {
  #page = $state.raw<PageName | null>(pageOfPath(location.pathname))
  #search = $state.raw(location.search)
  readonly #onPopState = (): void => this.#read()

  constructor() {
    addEventListener('popstate', this.#onPopState)
  }

  /** Null when no page has this path. */
  get page(): PageName | null {
    return this.#page
  }

  get pinnedLayers(): LayerRange | null {
    return pinnedLayersOf(this.#search)
  }

  /** True if the click led to a page of the app; the browser handles all others (new tab, download, other site). */
  follow(event: MouseEvent): boolean {
    const anchor = event.target instanceof Element ? event.target.closest('a[href]') : null
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!(anchor instanceof HTMLAnchorElement) || !isPlain || event.defaultPrevented) return false
    if (anchor.target !== '' || anchor.origin !== location.origin || anchor.hasAttribute('download'))
      return false
    if (
      pageOfPath(anchor.pathname) === null ||
      (anchor.pathname === location.pathname && anchor.hash !== '')
    ) {
      return false
    }
    event.preventDefault()
    if (anchor.href !== location.href) history.pushState(null, '', anchor.href)
    this.#read()
    scrollTo(0, 0)
    return true
  }

  dispose(): void {
    removeEventListener('popstate', this.#onPopState)
  }

  #read(): void {
    this.#page = pageOfPath(location.pathname)
    this.#search = location.search
    document.title = this.#page === null ? 'Racemesh' : `${PAGES[this.#page].title} · Racemesh`
  }
}
