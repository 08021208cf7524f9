import { basename, resolve } from 'node:path'
import type { Encoding, ModelManifest } from '../../shared/model/manifest.ts'
import { packModel, type PackProgress } from '../../shared/model/pack.ts'
import { createPackTarget, openNamedFolder } from '../fs-model.ts'
import { formatMegabytes, progressLine } from '../progress-line.ts'
import { parseOptions, UsageError } from '../usage-error.ts'

const HELP = `racemesh pack FOLDER --out DIR [options]

Turns a model in the Hugging Face layout (config.json, tokenizer.json, *.safetensors) into a packed model.

  --out DIR        where the packed model goes; a packed model that is there already is replaced
  --encoding E     q8 (CPUs, the default) or q4 (GPUs)
  --name NAME      what askers call it, default the folder's name
  --json           prints the result as JSON
`

/** Packs a folder and prints the model's id. Exit code 0. @throws UsageError, ModelError, PackTargetError */
export async function packCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(
    {
      args: argv,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        encoding: { type: 'string', default: 'q8' },
        name: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [folder, ...rest] = positionals
  if (folder === undefined || rest.length > 0) throw new UsageError(`Name one folder to pack.\n\n${HELP}`)
  if (values.out === undefined) throw new UsageError(`Say where the packed model goes: --out DIR.\n\n${HELP}`)
  const { encoding } = values
  if (encoding !== 'q4' && encoding !== 'q8') {
    throw new UsageError(`--encoding takes q4 or q8, not "${encoding}".`)
  }

  const line = progressLine(values.json ? null : process.stderr)
  const startedAt = performance.now()
  let sizeBytes = 0
  const manifest = await packFolder({
    folder,
    out: values.out,
    encoding,
    name: values.name ?? basename(resolve(folder)),
    onProgress: ({ path, filesDone, filesTotal, bytesWritten }) => {
      sizeBytes = bytesWritten
      line.show(`${filesDone} of ${filesTotal} files, ${formatMegabytes(bytesWritten)}: ${path}`)
    },
  }).finally(() => line.end())
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ id: manifest.id, name: manifest.name, encoding, out: values.out, sizeBytes, seconds })}\n`
      : `Packed ${manifest.name} (${encoding}, ${formatMegabytes(sizeBytes)}) in ${seconds.toFixed(1)} s to ${values.out}\n` +
          `id ${manifest.id}\n`,
  )
  return 0
}

/**
 * Packs `folder` into `out`. A packed model at `out` is replaced at the very end; anything else there is left alone.
 * @throws ModelError, PackTargetError
 */
export async function packFolder({
  folder,
  out,
  encoding,
  name,
  onProgress,
}: {
  folder: string
  out: string
  encoding: Encoding
  name: string
  onProgress?: (progress: PackProgress) => void
}): Promise<ModelManifest> {
  return packModel({
    folder: await openNamedFolder(folder),
    target: await createPackTarget(out),
    name,
    encoding,
    onProgress,
  })
}
