import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MeshError } from '../shared/errors.ts'
import type { PackTarget } from '../shared/model/pack.ts'
import type { ModelFolder } from '../shared/model/safetensors.ts'

/** Reads a model from a folder. */
export function openFolder(folder: string): ModelFolder {
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
 * Reads a model from a folder that a person named.
 * @throws MeshError `NO_FOLDER`
 */
export async function openNamedFolder(folder: string): Promise<ModelFolder> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false // fs errors are ErrnoExceptions
      throw error
    },
  )
  if (isFolder) return openFolder(folder)
  throw new MeshError(`There is no folder ${folder}.`, {
    data: { code: 'NO_FOLDER' },
    metaMessages: ['Paths are relative to where the command is typed.'],
  })
}

/** A folder that a packed model cannot be written to. */
export class PackTargetError extends MeshError<{ code: 'NOT_A_MODEL'; path: string }> {
  override readonly name = 'PackTargetError'
}

/**
 * Writes a packed model by way of a temporary folder beside `folder` that takes its name at the end: a pack that breaks
 * off leaves nothing behind, and a packed model that was there stays whole until then.
 * @throws PackTargetError if something else than a packed model is there
 */
export async function createPackTarget(folder: string): Promise<PackTarget> {
  const isPresent = await hasEntries(folder)
  if (isPresent && (await openFolder(folder).size('manifest.json')) === null) {
    throw new PackTargetError(`${folder} is there and is no packed model.`, {
      data: { code: 'NOT_A_MODEL', path: folder },
      metaMessages: ['Name another folder with --out, or move this one away.'],
    })
  }
  const temporary = `${folder}.packing-${process.pid}`
  const outgoing = `${folder}.replaced-${process.pid}`
  await mkdir(dirname(resolve(folder)), { recursive: true })
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary)
  return {
    write: (path, bytes) => writeFile(join(temporary, path), bytes),
    async commit() {
      if (isPresent) await rename(folder, outgoing)
      await rename(temporary, folder)
      await rm(outgoing, { recursive: true, force: true })
    },
    abort: () => rm(temporary, { recursive: true, force: true }),
  }
}

async function hasEntries(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false // fs errors are ErrnoExceptions
    throw error
  }
}
