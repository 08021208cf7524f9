import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PieceStore } from '../shared/model/fetch-stage.ts'

/** Keeps pieces as files named by their hash. A piece takes its name only when it is whole. */
export class FilePieceStore implements PieceStore {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async has(hash: string): Promise<boolean> {
    return stat(this.#path(hash)).then(
      () => true,
      () => false, // not there, or not readable: either way it is fetched
    )
  }

  async read(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      return new Uint8Array(await readFile(this.#path(hash)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // fs errors are ErrnoExceptions
      throw error
    }
  }

  async write(hash: string, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const path = this.#path(hash)
    await mkdir(join(this.#dir, hash.slice(0, 2)), { recursive: true })
    const temporary = `${path}.${process.pid}.part`
    await writeFile(temporary, piece)
    await rename(temporary, path)
  }

  #path(hash: string): string {
    return join(this.#dir, hash.slice(0, 2), hash)
  }
}
