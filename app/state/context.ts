import { createContext } from 'svelte'
import type { PeerHues } from '../lib/peer-hues.ts'
import type { Chat } from './chat.svelte.ts'
import type { Contribution } from './contribution.svelte.ts'
import type { Network } from './network.svelte.ts'
import type { Racing } from './racing.svelte.ts'
import type { Router } from './router.svelte.ts'
import type { Theme } from './theme.svelte.ts'

/** Everything that the pages share. `App.svelte` makes it once. */
export interface AppState {
  readonly router: Router
  readonly theme: Theme
  readonly network: Network
  readonly chat: Chat
  readonly contribution: Contribution
  readonly racing: Racing
  readonly hues: PeerHues
}

export const [getAppState, setAppState] = createContext<AppState>()
