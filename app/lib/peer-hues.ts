/** How many peer colours `styles/theme.css` defines (`--peer-0` ...). */
export const PEER_HUE_COUNT = 6

/**
 * Gives each peer a colour that stays the same on every page of this tab. Neighbours in time get different ones
 * while there are enough; a label always stands beside the colour, so a repeat misleads nobody.
 */
export class PeerHues {
  readonly #hues = new Map<string, number>()

  /** The peer's colour number, `0 <= hue < PEER_HUE_COUNT`. */
  of(peerId: string): number {
    const known = this.#hues.get(peerId)
    if (known !== undefined) return known
    const hue = this.#hues.size % PEER_HUE_COUNT
    this.#hues.set(peerId, hue)
    return hue
  }
}
