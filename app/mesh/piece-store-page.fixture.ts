// Runs in a page of Chromium for opfs-piece-store.browser.test.ts, which calls what this module leaves on globalThis.
import { OpfsPieceStore } from './opfs-piece-store.ts'

const store = new OpfsPieceStore()

/** `sizeBytes` times the same byte: told apart by one number. */
function piece(fill: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes).fill(fill)
}

/** Null, or the length and the values that occur: a mixture of two pieces has more than one. */
async function read(hash: string, from = store): Promise<{ sizeBytes: number; values: number[] } | null> {
  const bytes = await from.read(hash)
  return bytes === null ? null : { sizeBytes: bytes.byteLength, values: [...new Set(bytes)] }
}

/** What a write was refused with, or null. */
async function write(hash: string, fill: number, sizeBytes: number, to = store): Promise<string | null> {
  return to.write(hash, piece(fill, sizeBytes)).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
}

/** Several tabs, each with its own store, write the same piece at once. */
async function writeTogether(hash: string, fills: readonly number[], sizeBytes: number): Promise<unknown[]> {
  return Promise.all(fills.map((fill) => write(hash, fill, sizeBytes, new OpfsPieceStore())))
}

/** Begins a write and leaves it there, as a page does that closes in the middle. */
async function beginWrite(hash: string, fill: number, sizeBytes: number): Promise<void> {
  const root = await navigator.storage.getDirectory()
  const folder = await root.getDirectoryHandle('racemesh-pieces', { create: true })
  const stream = await (await folder.getFileHandle(hash, { create: true })).createWritable()
  await stream.write(piece(fill, sizeBytes))
}

/** Reads a piece while something happens to its file between the moment it is found and the moment it is read. */
async function readWhile(hash: string, change: 'overwritten' | 'removed'): Promise<unknown> {
  const { prototype } = FileSystemFileHandle
  const getFile: (this: FileSystemFileHandle) => Promise<File> = Reflect.get(prototype, 'getFile')
  prototype.getFile = async function () {
    const file = await getFile.call(this)
    prototype.getFile = getFile
    if (change === 'overwritten') await write(hash, 9, 2_000, new OpfsPieceStore())
    else await removeAll()
    return file
  }
  try {
    return await read(hash)
  } finally {
    prototype.getFile = getFile
  }
}

/** As "clear this site's data" does under a page that is open. */
async function removeAll(): Promise<void> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry('racemesh-pieces', { recursive: true })
}

/** A browser that opens its storage at the second try. */
async function openSecondTry(hash: string): Promise<unknown[]> {
  const { storage } = navigator
  const getDirectory = storage.getDirectory.bind(storage)
  const late = new OpfsPieceStore()
  storage.getDirectory = () => Promise.reject(new DOMException('not yet', 'UnknownError'))
  const refusedRead = await read(hash, late).catch((error: Error) => error.name)
  const refusedWrite = await write(hash, 1, 10, late)
  storage.getDirectory = getDirectory
  return [refusedRead, refusedWrite, await write(hash, 1, 10, late), await read(hash, late)]
}

Object.assign(globalThis, {
  has: (hash: string) => store.has(hash),
  read: (hash: string) => read(hash),
  write: (hash: string, fill: number, sizeBytes: number) => write(hash, fill, sizeBytes),
  writeTogether,
  beginWrite,
  readWhile,
  removeAll,
  openSecondTry,
  usedBytes: async () => (await navigator.storage.estimate()).usage,
  isReady: true,
})
