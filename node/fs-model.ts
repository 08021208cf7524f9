import { constants } from 'node:fs'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PackTarget } from '../shared/model/pack.ts'
import type { ModelSource } from '../shared/model/safetensors.ts'

/** Reads a model from a folder. */
export function folderSource(folder: string): ModelSource {
  return {
    async size(path) {
      try {
        return (await stat(join(folder, path))).size
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // fs errors are ErrnoExceptions
        throw error
      }
    },
    async read(path, offset, sizeBytes) {
      const file = await open(join(folder, path), constants.O_RDONLY)
      try {
        const bytes = new Uint8Array(sizeBytes)
        let filled = 0
        while (filled < sizeBytes) {
          const { bytesRead } = await file.read(bytes, filled, sizeBytes - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return bytes.subarray(0, filled)
      } finally {
        await file.close()
      }
    },
  }
}

/**
 * Writes a packed model to a folder that does not exist yet, by way of a temporary folder beside it that takes its
 * name at the end: a pack that breaks off leaves nothing behind.
 */
export async function folderTarget(folder: string): Promise<PackTarget> {
  const temporary = `${folder}.packing-${process.pid}`
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(temporary)
  return {
    write: (path, bytes) => writeFile(join(temporary, path), bytes),
    commit: () => rename(temporary, folder),
    abort: () => rm(temporary, { recursive: true, force: true }),
  }
}
