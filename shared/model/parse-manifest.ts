import * as v from 'valibot'
import { parseModelId } from '../protocol/ids.ts'
import { canonicalJson } from './canonical-json.ts'
import { weightFileLayouts } from './layout.ts'
import { badConfig, checkLlamaConfig } from './llama-config.ts'
import { computeModelId, PIECE_SIZE_BYTES } from './manifest-id.ts'
import type { ModelManifest } from './manifest.ts'
import { ModelError } from './model-error.ts'

/** Largest `manifest.json` to download: the piece hashes of 250 GB of weights in both their JSON forms. */
export const MAX_MANIFEST_BYTES = 32 * 1024 * 1024
/** Files that may travel beside the weights, and the most bytes of one (a 128k-word tokenizer.json has 17 MB). */
const SIDE_FILE_PATHS = ['tokenizer.json', 'tokenizer_config.json'] as const
export const MAX_SIDE_FILE_BYTES = 64 * 1024 * 1024

const Hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
// Above any real count, so that a hostile manifest is refused before the work that grows with it.
const MAX_FILES = 514
const MAX_TENSORS_PER_FILE = 16
const MAX_PIECES_PER_FILE = 65_536

// As relays take it in `model`, at most one slash: `guide`, `org/model-4b`.
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,95}(\/[A-Za-z0-9][A-Za-z0-9._:-]{0,95})?$/

const ManifestSchema = v.strictObject({
  format: v.literal('racemesh-model/1'),
  id: Hash,
  name: v.pipe(v.string(), v.regex(MODEL_NAME)),
  encoding: v.picklist(['q4', 'q8']),
  config: v.strictObject({
    architecture: v.literal('llama'),
    layerCount: Count,
    hiddenSize: Count,
    intermediateSize: Count,
    headCount: Count,
    kvHeadCount: Count,
    headSize: Count,
    vocabSize: Count,
    contextLength: Count,
    rmsNormEpsilon: v.number(),
    ropeTheta: v.number(),
    tiedEmbeddings: v.boolean(),
    bosTokenId: v.nullable(Count),
    eosTokenIds: v.array(Count),
  }),
  pieceSizeBytes: v.literal(PIECE_SIZE_BYTES),
  files: v.pipe(
    v.array(
      v.strictObject({
        path: v.string(),
        role: v.variant('kind', [
          v.strictObject({ kind: v.literal('embedding') }),
          v.strictObject({ kind: v.literal('head') }),
          v.strictObject({ kind: v.literal('layer'), layer: Count }),
        ]),
        sizeBytes: Count,
        tensors: v.pipe(
          v.array(
            v.strictObject({
              name: v.string(),
              dataType: v.picklist(['float32', 'uint8', 'int8']),
              shape: v.array(Count),
              offset: Count,
              sizeBytes: Count,
            }),
          ),
          v.maxLength(MAX_TENSORS_PER_FILE),
        ),
        pieces: v.pipe(v.array(Hash), v.maxLength(MAX_PIECES_PER_FILE)),
      }),
    ),
    v.maxLength(MAX_FILES),
  ),
  sideFiles: v.pipe(
    v.array(
      v.strictObject({
        path: v.picklist(SIDE_FILE_PATHS),
        sizeBytes: v.pipe(Count, v.maxValue(MAX_SIDE_FILE_BYTES)),
        sha256: Hash,
      }),
    ),
    v.maxLength(SIDE_FILE_PATHS.length),
  ),
})

/**
 * Parses `manifest.json`. A manifest is hostile until it comes out of here: every field has its type and range, the
 * files are exactly those that the model's sizes dictate, and the id is recomputed.
 * @throws ModelError `BAD_MANIFEST`, `BAD_CONFIG`, `UNSUPPORTED_MODEL`
 */
export async function parseManifest(json: unknown): Promise<ModelManifest> {
  const parsed = v.safeParse(ManifestSchema, json, { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw badManifest(
      `${v.getDotPath(issue) ?? 'it'} is wrong (${issue.expected ?? issue.type} was expected)`,
    )
  }
  const { id, ...fields } = parsed.output
  checkLlamaConfig(fields.config)
  checkFiles(fields)
  const paths = fields.sideFiles.map(({ path }) => path)
  if (new Set(paths).size !== paths.length) throw badManifest('a side file is listed twice')

  const computedId = await computeModelId(fields)
  if (computedId !== id) {
    throw badManifest(`it says its id is ${id} and its content gives ${computedId}`)
  }
  return { ...fields, id: parseModelId(id) }
}

/** Checks the name that a model is to be packed under. @throws ModelError `BAD_CONFIG` */
export function checkModelName(name: string): void {
  if (!MODEL_NAME.test(name))
    throw badConfig(`${JSON.stringify(name)} is no model name: letters, digits and . _ : - work`)
}

function checkFiles(manifest: Omit<ModelManifest, 'id'>): void {
  const layouts = weightFileLayouts(manifest.config, manifest.encoding)
  if (layouts.length !== manifest.files.length) {
    throw badManifest(`it lists ${manifest.files.length} weight files; this model has ${layouts.length}`)
  }
  for (const [index, layout] of layouts.entries()) {
    const { pieces, ...file } = manifest.files[index]! // as many files as layouts
    if (canonicalJson(file) !== canonicalJson(layout)) {
      throw badManifest(`weight file ${index} is not laid out as ${layout.path} of this model is`)
    }
    const pieceCount = Math.ceil(layout.sizeBytes / manifest.pieceSizeBytes)
    if (pieces.length !== pieceCount) {
      throw badManifest(`${layout.path} has ${pieces.length} piece hashes; its size makes ${pieceCount}`)
    }
  }
}

function badManifest(what: string): ModelError {
  return new ModelError(`This is no sound model manifest: ${what}.`, {
    data: { code: 'BAD_MANIFEST' },
    docsPath: 'docs/model-format.md',
  })
}
