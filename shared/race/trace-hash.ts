import { toHex } from '../protocol/ids.ts'

/** SHA-256 of an int8 array, in hexadecimal: an entry of a trace (docs/race.md, section 8). */
export async function hashArray(values: Int8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', values)))
}
