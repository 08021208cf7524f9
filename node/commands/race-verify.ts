import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { MeshError } from '../../shared/errors.ts'
import { fromHex } from '../../shared/protocol/ids.ts'
import {
  decodeRaceProof,
  RACE_PROOF_LIMITS,
  type RaceProof,
} from '../../shared/protocol/race-proof/race-proof.ts'
import { RACE_CLASSES } from '../../shared/race/race-class.ts'
import { describeVerdict } from '../../shared/race/verify/describe-verdict.ts'
import type { RaceVerdict } from '../../shared/race/verify/verdict.ts'
import { verifyProof } from '../../shared/race/verify/verify-proof.ts'
import { openRacePath } from '../race/open-race-path.ts'
import { parsePath, parseSeed, parseThreads, RUN_OPTIONS } from '../race/race-options.ts'
import { progressLine } from '../progress-line.ts'
import { parseInteger, parseOptions, UsageError } from '../usage-error.ts'

const HELP = `racemesh race verify FILE [options]

Checks a proof of the Race by running its claimed nonces again. One that is no hit is proof of fraud.

  --sample N       runs only N claims, drawn by chance after the proof was made; default all
  --beacon HEX     demands this epoch; default the one that the proof names
  --key HEX        demands this public key; default the one that the proof names
  --path P         auto (the default: a GPU, or else wasm), wasm, webgpu or reference
  --threads N      of wasm, default one a core
  --json           prints the verdict as JSON
`

/**
 * Checks a proof. Exit codes: 0 accepted, 1 refused, fraud or not readable, 2 the command line is wrong, 130 interrupted.
 * @throws UsageError, MeshError `UNREADABLE_PROOF`, RacePathError
 */
export async function raceVerifyCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseOptions(
    {
      args: argv,
      allowPositionals: true,
      options: {
        sample: { type: 'string' },
        beacon: { type: 'string' },
        key: { type: 'string' },
        ...RUN_OPTIONS,
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [file, ...rest] = positionals
  if (file === undefined || rest.length > 0) throw new UsageError(`Name one proof.\n\n${HELP}`)
  const sampleCount =
    values.sample === undefined
      ? undefined
      : parseInteger('sample', values.sample, 1, RACE_PROOF_LIMITS.maxClaims)
  const beacon = values.beacon === undefined ? undefined : parseSeed('beacon', values.beacon)
  const publicKey = values.key === undefined ? undefined : parseSeed('key', values.key)
  const choice = parsePath(values.path)
  const threads = parseThreads(values.threads)

  const { proof, proofBytes } = await readProof(file)
  const { commitment } = proof
  const abort = new AbortController()
  const onInterrupt = (): void => abort.abort()
  process.once('SIGINT', onInterrupt)
  const line = progressLine(values.json ? null : process.stderr)
  const startMs = performance.now()
  try {
    const path = await openRacePath(choice, threads)
    let verdict: RaceVerdict
    try {
      line.show(`Making the weights of class ${commitment.raceClass}`)
      const expectation = {
        raceClass: RACE_CLASSES[commitment.raceClass],
        beacon: beacon ?? fromHex(commitment.beacon),
        publicKey,
      }
      verdict = await verifyProof(proof, expectation, path, {
        signal: abort.signal,
        sample:
          sampleCount === undefined
            ? undefined
            : { count: sampleCount, randomness: Uint8Array.from(randomBytes(32)) },
        onProgress: (checked, total) => line.show(`${checked} of ${total} claims`),
      })
    } finally {
      await path.dispose()
    }
    line.end()
    const seconds = (performance.now() - startMs) / 1000
    if (values.json) {
      process.stdout.write(
        `${JSON.stringify({ ...toJson(verdict), class: commitment.raceClass, publicKey: commitment.publicKey, beacon: commitment.beacon, path: path.name, adapter: path.adapter, proofBytes, seconds })}\n`,
      )
    } else {
      process.stdout.write(
        `${[...describeVerdict(verdict, commitment), `public key ${commitment.publicKey}`, `beacon ${commitment.beacon}`].join('\n')}\n`,
      )
    }
    return verdict.status === 'accepted' ? 0 : 1
  } catch (error) {
    if (!abort.signal.aborted) throw error
    process.stderr.write('Interrupted; the proof is not judged.\n')
    return 130
  } finally {
    line.end()
    process.removeListener('SIGINT', onInterrupt)
  }
}

/** Reads no more than a proof may have. @throws MeshError `UNREADABLE_PROOF` */
async function readProof(file: string): Promise<{ proof: RaceProof; proofBytes: number }> {
  const bytes = await readBounded(file).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException // what file calls reject with
    throw unreadable(
      `${file} cannot be read (${code}).`,
      ['Usually the name is misspelt.', 'Name a proof that "racemesh race" wrote.'],
      cause,
    )
  })
  try {
    return { proof: decodeRaceProof(bytes), proofBytes: bytes.length }
  } catch (cause) {
    if ((cause as Error).name !== 'ProtocolError') throw cause // decoders throw nothing else on purpose
    const reason = (cause as MeshError).shortMessage // a ProtocolError is one
    throw unreadable(
      `${file} is no proof of the Race: ${reason}`,
      [
        'It was cut short or changed on the way, or is another kind of file.',
        'Ask for it again, or race again.',
      ],
      cause,
    )
  }
}

async function readBounded(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r')
  try {
    // One byte more, so that the decoder sees that it is too large.
    const buffer = new Uint8Array(RACE_PROOF_LIMITS.maxBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) return buffer.subarray(0, length)
      length += bytesRead
    }
  } finally {
    await handle.close()
  }
}

function unreadable(what: string, metaMessages: readonly string[], cause: unknown): MeshError {
  return new MeshError(what, { data: { code: 'UNREADABLE_PROOF' }, metaMessages, cause })
}

/** Bytes as hex, and no copy of the commitment beside its own fields. */
function toJson(verdict: RaceVerdict): object {
  if (verdict.status !== 'fraud') return verdict
  const { evidence } = verdict
  return {
    status: verdict.status,
    evidence:
      evidence.kind === 'FALSE_HIT'
        ? { ...evidence, inclusion: evidence.inclusion.map((hash) => Buffer.from(hash).toString('hex')) }
        : evidence,
  }
}
