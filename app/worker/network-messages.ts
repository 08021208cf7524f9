import type { MeshErrorObject } from '../../shared/errors.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'

/** Page -> network worker, beside the calls of `data-plane-port.ts`. */
export type NetworkCommand =
  | {
      readonly kind: 'init'
      readonly self: PeerIdText
      readonly generation: number
      readonly duty: number
      readonly enginePort: MessagePort
    }
  | {
      readonly kind: 'add-channels'
      readonly id: number
      readonly peerId: PeerIdText
      readonly hot: RTCDataChannel
      readonly beat: RTCDataChannel
      /** See `NeighbourLink`. */
      readonly speaksFirst: boolean
    }
  | {
      readonly kind: 'add-ports'
      readonly id: number
      readonly peerId: PeerIdText
      readonly path: Exclude<LinkPath, 'worker-channel'>
      readonly hot: MessagePort
      readonly beat: MessagePort | null
      readonly speaksFirst: boolean
    }
  | { readonly kind: 'set-duty'; readonly duty: number }
  | { readonly kind: 'dispose' }

/** Network worker -> page: the link with this number works, or why not. */
export interface NetworkReply {
  readonly kind: 'added'
  readonly id: number
  readonly error: MeshErrorObject | null
}
