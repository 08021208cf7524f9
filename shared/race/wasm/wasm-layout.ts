import { countParameters, type RaceClass } from '../race-class.ts'

const PAGE_BYTES = 65_536

/** Where things lie in the WebAssembly memory; addresses in bytes. */
export interface WasmLayout {
  readonly raceSeed: number
  readonly inputKey: number
  readonly target: number
  readonly weights: number
  readonly layerBytes: number
  /** False if there is room for one layer alone, which every batch makes again. */
  readonly isResident: boolean
  readonly lanes: readonly { readonly nonces: number; readonly results: number; readonly workspace: number }[]
  readonly pages: number
}

/** Bytes of one nonce in the workspace of assembly/index.ts, and of the rows by which tiles overhang. */
function workspaceBytes({ width, feedForward }: RaceClass, nonces: number): number {
  const rows = 4 * nonces + 4
  const array = rows * width * 2
  return 8 * array + rows * feedForward * 2 + 2 * array + rows * 64
}

/** Plans the memory for `laneCount` lanes of `laneNonces` nonces; keeps all weights if `limitBytes` allows. */
export function planLayout(
  raceClass: RaceClass,
  { laneCount, laneNonces, limitBytes }: { laneCount: number; laneNonces: number; limitBytes: number },
): WasmLayout {
  const layerBytes = countParameters(raceClass) / raceClass.layers
  // The first kilobyte is the module's own.
  let end = 1024
  const reserve = (bytes: number): number => {
    const start = end
    end = Math.ceil((end + bytes) / 64) * 64
    return start
  }
  const raceSeed = reserve(32)
  const inputKey = reserve(32)
  const target = reserve(raceClass.width)
  const lanes = Array.from({ length: laneCount }, () => ({
    nonces: reserve(4 * laneNonces),
    results: reserve(12 * laneNonces),
    workspace: reserve(workspaceBytes(raceClass, laneNonces)),
  }))
  const isResident = end + layerBytes * raceClass.layers + PAGE_BYTES <= limitBytes
  const weights = reserve(layerBytes * (isResident ? raceClass.layers : 1))
  return {
    raceSeed,
    inputKey,
    target,
    weights,
    layerBytes,
    isResident,
    lanes,
    pages: Math.ceil(end / PAGE_BYTES),
  }
}
