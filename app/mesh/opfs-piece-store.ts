import type { PieceStore } from '../../shared/model/fetch-stage.ts'

const FOLDER = 'racemesh-pieces'

/**
 * Keeps verified pieces in the origin's private file system, by hash, so that a reload downloads nothing twice.
 *
 * A page that closes in the middle of a write leaves the old state: `createWritable` swaps files at `close`. The
 * browser may evict all of it under pressure; a missing piece is then fetched again. Several tabs may share it.
 */
export class OpfsPieceStore implements PieceStore {
  async has(hash: string): Promise<boolean> {
    return (await readIfThere(() => findPiece(hash))) !== null
  }

  async read(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return readIfThere(async () => {
      const file = await findPiece(hash)
      return file === null ? null : new Uint8Array(await file.arrayBuffer())
    })
  }

  async write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const handle = await (await openFolder()).getFileHandle(hash, { create: true })
    const stream = await handle.createWritable()
    await stream.write(piece)
    await stream.close()
  }
}

/** Opened anew each time: the data of a site can be cleared under a page, and a handle to what was is good for nothing. */
async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(FOLDER, { create: true })
}

/** The file has its name, and no bytes, before the first write to it ends: an empty one is no piece. */
async function findPiece(hash: string): Promise<File | null> {
  const file = await (await (await openFolder()).getFileHandle(hash)).getFile()
  return file.size === 0 ? null : file
}

/** Null where there is no such file, or where another tab replaced or removed it meanwhile. */
async function readIfThere<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DOMException && ['NotFoundError', 'NotReadableError'].includes(error.name))
      return null
    throw error
  }
}
