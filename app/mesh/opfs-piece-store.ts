import type { PieceStore } from '../../shared/model/fetch-stage.ts'

const FOLDER = 'racemesh-pieces'

/**
 * Keeps verified pieces in the origin's private file system, by hash, so that a reload downloads nothing twice.
 *
 * A page that closes in the middle of a write leaves the old state: `createWritable` swaps files at `close`. The
 * browser may evict all of it under pressure; a missing piece is then fetched again.
 */
export class OpfsPieceStore implements PieceStore {
  #folder: Promise<FileSystemDirectoryHandle> | null = null

  async has(hash: string): Promise<boolean> {
    return (await this.#file(hash)) !== null
  }

  async read(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const handle = await this.#file(hash)
    return handle === null ? null : new Uint8Array(await (await handle.getFile()).arrayBuffer())
  }

  async write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const handle = await (await this.#open()).getFileHandle(hash, { create: true })
    const stream = await handle.createWritable()
    await stream.write(piece)
    await stream.close()
  }

  async #file(hash: string): Promise<FileSystemFileHandle | null> {
    try {
      return await (await this.#open()).getFileHandle(hash)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return null
      throw error
    }
  }

  #open(): Promise<FileSystemDirectoryHandle> {
    this.#folder ??= navigator.storage
      .getDirectory()
      .then((root) => root.getDirectoryHandle(FOLDER, { create: true }))
    return this.#folder
  }
}
