import { verifyModel } from '../../shared/model/verify-model.ts'
import { openNamedFolder } from '../fs-model.ts'
import { formatMegabytes, progressLine } from '../progress-line.ts'
import { parseOptions, UsageError } from '../usage-error.ts'

const HELP = `racemesh verify DIR [options]

Checks a packed model: its manifest, its id and every piece of its files.

  --id ID          also demands this id
  --json           prints the result as JSON
`

/** Checks a packed model. Exit code 0 if it is sound, 1 if it has another id than demanded. @throws UsageError, ModelError */
export async function verifyCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(
    {
      args: argv,
      allowPositionals: true,
      options: {
        id: { type: 'string' },
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
  if (folder === undefined || rest.length > 0) throw new UsageError(`Name one packed model.\n\n${HELP}`)

  const line = progressLine(values.json ? null : process.stderr)
  let sizeBytes = 0
  const manifest = await verifyModel(await openNamedFolder(folder), ({ path, doneBytes, totalBytes }) => {
    sizeBytes = totalBytes
    line.show(`${formatMegabytes(doneBytes)} of ${formatMegabytes(totalBytes)}: ${path}`)
  }).finally(() => line.end())
  const isDemanded = values.id === undefined || values.id === manifest.id
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ id: manifest.id, name: manifest.name, encoding: manifest.encoding, sizeBytes, isDemanded })}\n`,
    )
  } else if (isDemanded) {
    process.stdout.write(`${manifest.name} (${manifest.encoding}) is sound.\nid ${manifest.id}\n`)
  }
  if (!isDemanded)
    process.stderr.write(`This is another model: its id is ${manifest.id}, not ${values.id}.\n`)
  return isDemanded ? 0 : 1
}
