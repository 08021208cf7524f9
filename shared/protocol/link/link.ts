/** Stream protocol between neighbours on their direct connection: agree on data channel ids before any payload. */
export const LINK_V1 = '/mesh/link/1.0.0'

/** `request` asks the other side to open the link (the smaller peer id opens, so that two sides never collide). */
export type LinkMessage =
  | { readonly kind: 'request' }
  | { readonly kind: 'open'; readonly hotChannelId: number; readonly beatChannelId: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused' }
