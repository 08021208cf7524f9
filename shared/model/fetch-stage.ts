import { toHex } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { stageFiles, stageSizeBytes, type ModelManifest, type WeightFile } from './manifest.ts'
import { hashLeaf } from './merkle.ts'
import { ModelError } from './model-error.ts'

/** Reads ranges of a model's files from anywhere; what it returns is not trusted. */
export interface PieceSource {
  /**
   * Reads exactly `sizeBytes` of the file at `path` from `offset`.
   * @throws ModelError `SOURCE_FAILED`, or AbortError
   */
  read(path: string, offset: number, sizeBytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>
}

/** Keeps verified pieces by their leaf hash (64 lower-case hex digits). May lose or damage them: reads are checked. */
export interface PieceStore {
  has(hash: string): Promise<boolean>
  /** The piece, or null where there is none. */
  read(hash: string): Promise<Uint8Array<ArrayBuffer> | null>
  /** Keeps a verified piece. May throw when storage is full; the caller then goes on without it. */
  write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void>
}

/** Bytes; `cachedBytes` of `doneBytes` came from the store. */
export interface FetchProgress {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly cachedBytes: number
}

export interface FetchStageParams {
  readonly manifest: ModelManifest
  readonly layers: LayerRange
  readonly source: PieceSource
  readonly store: PieceStore
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined
  /** Told once if the store refuses a piece; the download goes on without it. */
  readonly onStoreFailed?: ((error: unknown) => void) | undefined
  readonly signal: AbortSignal
}

/** Pieces per request: 8 MiB make the round trip of a request small against its transfer. */
const MAX_RUN_PIECES = 8

/**
 * Brings the weight files of a stage into memory: pieces that the store holds, the rest from the source. Every piece is
 * checked before it is kept or used, whichever side it came from; a damaged one in the store is fetched again. What was
 * stored before an error or an abort stays, so the next call resumes.
 * @throws ModelError `HASH_MISMATCH` (source), `SOURCE_FAILED`; AbortError
 */
export async function fetchStageFiles(
  params: FetchStageParams,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { manifest, layers, onProgress } = params
  const totalBytes = stageSizeBytes(manifest, layers)
  let doneBytes = 0
  let cachedBytes = 0
  const onPiece = (sizeBytes: number, isCached: boolean): void => {
    doneBytes += sizeBytes
    if (isCached) cachedBytes += sizeBytes
    onProgress?.({ doneBytes, totalBytes, cachedBytes })
  }
  onProgress?.({ doneBytes, totalBytes, cachedBytes })

  const store = new ForgivingStore(params.store, params.onStoreFailed)
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const file of stageFiles(manifest, layers)) {
    files.set(file.path, await fetchFile(file, manifest.pieceSizeBytes, { ...params, store }, onPiece))
  }
  return files
}

/**
 * Brings one side file (tokenizer.json and its companion) into memory and checks it.
 * @throws ModelError `MISSING_FILE`, `HASH_MISMATCH`, `SOURCE_FAILED`; AbortError
 */
export async function fetchSideFile(
  manifest: ModelManifest,
  path: string,
  source: PieceSource,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = manifest.sideFiles.find((sideFile) => sideFile.path === path)
  if (file === undefined) {
    throw new ModelError(`Model ${manifest.name} has no file ${path}.`, {
      data: { code: 'MISSING_FILE', path },
    })
  }
  const bytes = await readExactly(source, path, 0, file.sizeBytes, signal)
  const digest = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
  if (digest !== file.sha256) throw hashMismatch(path, 0)
  return bytes
}

/** A {@link PieceStore} that forgets everything with the process. */
export class MemoryPieceStore implements PieceStore {
  readonly #pieces = new Map<string, Uint8Array<ArrayBuffer>>()

  has(hash: string): Promise<boolean> {
    return Promise.resolve(this.#pieces.has(hash))
  }

  read(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return Promise.resolve(this.#pieces.get(hash)?.slice() ?? null)
  }

  write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#pieces.set(hash, piece.slice())
    return Promise.resolve()
  }
}

async function fetchFile(
  file: WeightFile,
  pieceSizeBytes: number,
  { source, store, signal }: Pick<FetchStageParams, 'source' | 'store' | 'signal'>,
  onPiece: (sizeBytes: number, isCached: boolean) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.sizeBytes)
  const pieceRange = (piece: number): [start: number, end: number] => [
    piece * pieceSizeBytes,
    Math.min((piece + 1) * pieceSizeBytes, file.sizeBytes),
  ]

  const missing: number[] = []
  for (const [piece, hash] of file.pieces.entries()) {
    signal.throwIfAborted()
    const [start, end] = pieceRange(piece)
    const stored = await store.read(hash)
    if (stored !== null && stored.byteLength === end - start && (await isPiece(stored, hash))) {
      bytes.set(stored, start)
      onPiece(end - start, true)
    } else missing.push(piece)
  }

  for (const [first, count] of runsOf(missing)) {
    signal.throwIfAborted()
    const [runStart] = pieceRange(first)
    const [, runEnd] = pieceRange(first + count - 1)
    const run = await readExactly(source, file.path, runStart, runEnd - runStart, signal)
    for (let piece = first; piece < first + count; piece++) {
      const hash = file.pieces[piece]! // piece indices come from this list
      const [start, end] = pieceRange(piece)
      const received = run.subarray(start - runStart, end - runStart)
      if (!(await isPiece(received, hash))) throw hashMismatch(file.path, piece)
      await store.write(hash, received)
      bytes.set(received, start)
      onPiece(end - start, false)
    }
  }
  return bytes
}

/** Groups rising indices into runs of neighbours as [first, count]. */
function runsOf(indices: readonly number[]): [first: number, count: number][] {
  const runs: [first: number, count: number][] = []
  for (const index of indices) {
    const run = runs.at(-1)
    if (run !== undefined && run[0] + run[1] === index && run[1] < MAX_RUN_PIECES) run[1]++
    else runs.push([index, 1])
  }
  return runs
}

async function isPiece(bytes: Uint8Array, hash: string): Promise<boolean> {
  return toHex(await hashLeaf(bytes)) === hash
}

async function readExactly(
  source: PieceSource,
  path: string,
  offset: number,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(path, offset, sizeBytes, signal)
  if (bytes.byteLength !== sizeBytes) {
    throw new ModelError(`${path}: ${bytes.byteLength} bytes came where ${sizeBytes} were asked for.`, {
      data: { code: 'SOURCE_FAILED', path },
    })
  }
  return bytes
}

/** Goes on without a store that is full or broken: the model still loads, it only downloads again next time. */
class ForgivingStore implements PieceStore {
  readonly #store: PieceStore
  readonly #onFailed: ((error: unknown) => void) | undefined
  #hasFailed = false

  constructor(store: PieceStore, onFailed: ((error: unknown) => void) | undefined) {
    this.#store = store
    this.#onFailed = onFailed
  }

  has(hash: string): Promise<boolean> {
    return this.#store.has(hash).catch((error: unknown) => this.#fail(error, false))
  }

  read(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#store.read(hash).catch((error: unknown) => this.#fail(error, null))
  }

  async write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#hasFailed) return
    await this.#store.write(hash, piece).catch((error: unknown) => this.#fail(error, undefined))
  }

  #fail<T>(error: unknown, value: T): T {
    if (!this.#hasFailed) this.#onFailed?.(error)
    this.#hasFailed = true
    return value
  }
}

function hashMismatch(path: string, piece: number): ModelError {
  return new ModelError(`Piece ${piece} of ${path} is not what the model's id promises.`, {
    data: { code: 'HASH_MISMATCH', path, piece },
    metaMessages: ['The sender holds a damaged or another model: fetch from another one.'],
  })
}
