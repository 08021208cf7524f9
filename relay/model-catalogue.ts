import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelManifest } from '../shared/model/manifest.ts'
import type { ChatTokenizer } from './openai/chat-tokenizer.ts'
import { MeshError } from '../shared/errors.ts'
import { fileErrorReason } from '../shared/file-error.ts'

/** One packed model that this relay serves: over /v1 to askers, and its files to peers. */
export interface CatalogueModel {
  /** What callers put into `model`. */
  readonly name: string
  readonly manifest: ModelManifest
  readonly tokenizer: ChatTokenizer
  /** Every file that may be downloaded, by its path in the URL. */
  readonly files: ReadonlyMap<string, CatalogueFile>
  /** When the folder was packed, seconds since the Unix epoch. */
  readonly createdAtSeconds: number
}

export interface CatalogueFile {
  readonly absolutePath: string
  readonly sizeBytes: number
  readonly contentType: string
}

export interface ModelCatalogue {
  readonly models: readonly CatalogueModel[]
  /** Finds a model by its name or by its whole id. */
  find(nameOrId: string): CatalogueModel | undefined
}

export class ModelCatalogueError extends MeshError<
  | { code: 'DUPLICATE_NAME'; modelName: string }
  | { code: 'BAD_NAME' }
  | { code: 'UNREADABLE_FOLDER'; path: string }
  | { code: 'BAD_PATH'; path: string }
  | { code: 'WRONG_SIZE'; path: string; expectedBytes: number; actualBytes: number }
> {
  override readonly name = 'ModelCatalogueError'
}

/** The parts of `shared/model` that read a packed folder; arguments, so that tests need no real weights. */
export interface ModelLoaders {
  parseManifest(json: unknown): Promise<ModelManifest> | ModelManifest
  /** Takes the manifest's side files by path: tokenizer.json and its companion. */
  loadTokenizer(sideFiles: ReadonlyMap<string, Uint8Array>): ChatTokenizer
}

// The manifest's own rule for names (shared/model/parse-manifest.ts); nothing that a log line would have to quote.
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/
// A plain relative path: no empty, `.` or `..` segment, no backslash, nothing that needs URL encoding.
const FILE_PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/**
 * Opens packed model folders. Sizes of all files are checked now, so that a damaged folder fails at start and not
 * under a peer's download; their contents are not: peers check every piece against the manifest.
 * @throws ModelCatalogueError
 */
export async function openModelCatalogue(
  folders: readonly { readonly name: string | undefined; readonly directory: string }[],
  loaders: ModelLoaders,
): Promise<ModelCatalogue> {
  const models: CatalogueModel[] = []
  for (const folder of folders) models.push(await openModel(folder, loaders))
  return createModelCatalogue(models)
}

/** Makes a catalogue of opened models. @throws ModelCatalogueError `DUPLICATE_NAME` */
export function createModelCatalogue(models: readonly CatalogueModel[]): ModelCatalogue {
  const byKey = new Map<string, CatalogueModel>()
  for (const model of models) {
    if (byKey.has(model.name)) {
      throw new ModelCatalogueError(`Two models are called "${model.name}".`, {
        data: { code: 'DUPLICATE_NAME', modelName: model.name },
        metaMessages: ['Give one of them another name: --model OTHER_NAME=DIR.'],
      })
    }
    byKey.set(model.name, model)
  }
  for (const model of models) if (!byKey.has(model.manifest.id)) byKey.set(model.manifest.id, model)
  return { models, find: (nameOrId) => byKey.get(nameOrId) }
}

async function openModel(
  folder: { readonly name: string | undefined; readonly directory: string },
  loaders: ModelLoaders,
): Promise<CatalogueModel> {
  const manifestPath = join(folder.directory, 'manifest.json')
  const { json, sizeBytes, modifiedAtMs } = await readManifest(manifestPath)
  const manifest = await loaders.parseManifest(json)
  const name = folder.name ?? manifest.name
  if (!MODEL_NAME.test(name)) {
    throw new ModelCatalogueError(
      `"${name}" cannot be a model name: letters, digits and . _ : / - are allowed, up to 128.`,
      {
        data: { code: 'BAD_NAME' },
        metaMessages: ['Choose a name with --model NAME=DIR.'],
      },
    )
  }

  const files = new Map<string, CatalogueFile>([
    ['manifest.json', { absolutePath: manifestPath, sizeBytes, contentType: 'application/json' }],
  ])
  for (const file of [...manifest.files, ...manifest.sideFiles]) {
    files.set(file.path, await openFile(folder.directory, file))
  }
  const sideFiles = new Map<string, Uint8Array>()
  for (const file of manifest.sideFiles) {
    sideFiles.set(file.path, await readFile(join(folder.directory, file.path)))
  }
  const tokenizer = loaders.loadTokenizer(sideFiles)
  return { name, manifest, tokenizer, files, createdAtSeconds: Math.floor(modifiedAtMs / 1000) }
}

function reasonOf(cause: unknown): string {
  return fileErrorReason(cause) ?? (cause as Error).message // of JSON.parse
}

async function readManifest(
  path: string,
): Promise<{ readonly json: unknown; readonly sizeBytes: number; readonly modifiedAtMs: number }> {
  try {
    const bytes = await readFile(path)
    const { mtimeMs } = await stat(path)
    return { json: JSON.parse(bytes.toString('utf8')), sizeBytes: bytes.byteLength, modifiedAtMs: mtimeMs }
  } catch (cause) {
    throw new ModelCatalogueError(`${path} could not be read: ${reasonOf(cause)}.`, {
      data: { code: 'UNREADABLE_FOLDER', path },
      metaMessages: ['A model folder is made by `racemesh pack`; name the folder that holds manifest.json.'],
      cause,
    })
  }
}

async function openFile(
  directory: string,
  file: { readonly path: string; readonly sizeBytes: number },
): Promise<CatalogueFile> {
  if (!FILE_PATH.test(file.path)) {
    throw new ModelCatalogueError(
      `The manifest names a file outside its folder: ${JSON.stringify(file.path)}.`,
      {
        data: { code: 'BAD_PATH', path: file.path },
      },
    )
  }
  const absolutePath = join(directory, file.path)
  let actualBytes: number
  try {
    actualBytes = (await stat(absolutePath)).size
  } catch (cause) {
    throw new ModelCatalogueError(`${absolutePath} could not be read: ${reasonOf(cause)}.`, {
      data: { code: 'UNREADABLE_FOLDER', path: absolutePath },
      metaMessages: ['The folder is incomplete: copy it again, or pack the model again.'],
      cause,
    })
  }
  if (actualBytes !== file.sizeBytes) {
    throw new ModelCatalogueError(
      `${absolutePath} has ${actualBytes} bytes, the manifest says ${file.sizeBytes}.`,
      {
        data: { code: 'WRONG_SIZE', path: absolutePath, expectedBytes: file.sizeBytes, actualBytes },
        metaMessages: ['The file was cut short or changed: copy it again, or pack the model again.'],
      },
    )
  }
  const contentType = file.path.endsWith('.json') ? 'application/json' : 'application/octet-stream'
  return { absolutePath, sizeBytes: file.sizeBytes, contentType }
}
