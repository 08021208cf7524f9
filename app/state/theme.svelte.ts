import { readStored, writeStored } from './stored.ts'

export type ThemeChoice = 'system' | 'light' | 'dark'
const CHOICES: readonly ThemeChoice[] = ['system', 'light', 'dark']
const KEY = 'racemesh.theme'

/** Light or dark: the system's wish unless the person chose. */
export class Theme {
  #choice = $state.raw<ThemeChoice>('system')

  constructor() {
    const stored = readStored(() => localStorage, KEY)
    this.#apply(CHOICES.find((choice) => choice === stored) ?? 'system')
  }

  get choice(): ThemeChoice {
    return this.#choice
  }

  /** Goes on to the next of system, light, dark. */
  next(): void {
    this.#apply(CHOICES[(CHOICES.indexOf(this.#choice) + 1) % CHOICES.length] ?? 'system')
    writeStored(() => localStorage, KEY, this.#choice)
  }

  #apply(choice: ThemeChoice): void {
    this.#choice = choice
    if (choice === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = choice
  }
}
