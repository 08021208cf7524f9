import { randomBytes } from 'node:crypto'
import { open, rm, writeFile } from 'node:fs/promises'
import { MeshError } from '../../shared/errors.ts'
import { systemClock } from '../../shared/mesh/ports.ts'
import { toHex } from '../../shared/protocol/ids.ts'
import { encodeRaceProof } from '../../shared/protocol/race-proof/race-proof.ts'
import { createIdentity, signCommitment } from '../../shared/race/claims/race-identity.ts'
import { Contest, type ContestProgress, type ContestResult } from '../../shared/race/contest/contest.ts'
import { parseRaceClass, RACE_CLASSES, type RaceClass } from '../../shared/race/race-class.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../../shared/race/seeds.ts'
import { formatOperations, formatRate, plural } from '../race/format-figures.ts'
import { openRacePath } from '../race/open-race-path.ts'
import { parsePath, parseSeed, parseThreads, RUN_OPTIONS } from '../race/race-options.ts'
import { progressLine } from '../progress-line.ts'
import { parseInteger, parseOptions, UsageError } from '../usage-error.ts'
import { raceVerifyCommand } from './race-verify.ts'

const HELP = `racemesh race --class C --seconds S [options]
racemesh race verify FILE [options]

Measures how much compute this machine has: runs nonces of a random network for a while, and writes a proof of the
hits among them, about one in 900. Anybody can check it, bit for bit. Ctrl-C ends early and keeps what was found.

  --class C        ${Object.keys(RACE_CLASSES).join(', ')} (micro is for tests and carries no weight)
  --seconds S      1 to 86400
  --beacon HEX     32 bytes that fix the network, 64 hex digits; default random, for practice
  --out FILE       where the proof goes, default race-CLASS-TIME.proof; never replaces a file
  --path P         auto (the default: a GPU, or else wasm), wasm, webgpu or reference
  --threads N      of wasm, default one a core
  --json           prints the result as JSON

  racemesh race verify --help   options of verify
`

/** A day: the longest time between two epochs. */
const MAX_SECONDS = 86_400

/**
 * Races and writes a proof; `race verify` checks one. Exit codes: 0 done, 1 the device failed (what was found before is
 * written), 2 the command line is wrong, 130 interrupted (what was found is written).
 * @throws UsageError, RacePathError, MeshError `FILE_EXISTS`
 */
export async function raceCommand(argv: string[]): Promise<number> {
  if (argv[0] === 'verify') return raceVerifyCommand(argv.slice(1))
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        class: { type: 'string' },
        seconds: { type: 'string' },
        beacon: { type: 'string' },
        out: { type: 'string' },
        ...RUN_OPTIONS,
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (values.class === undefined) throw new UsageError(`Say which class to race in: --class tab.\n\n${HELP}`)
  if (values.seconds === undefined) throw new UsageError(`Say for how long: --seconds 60.\n\n${HELP}`)
  const raceClass = readClass(values.class)
  const seconds = parseInteger('seconds', values.seconds, 1, MAX_SECONDS)
  const beacon =
    values.beacon === undefined ? Uint8Array.from(randomBytes(32)) : parseSeed('beacon', values.beacon)
  const choice = parsePath(values.path)
  const threads = parseThreads(values.threads)
  const out = values.out ?? `race-${raceClass.name}-${timeStamp(new Date())}.proof`
  await reserve(out)

  let proofBytes = 0
  try {
    const identity = createIdentity()
    const line = progressLine(values.json ? null : process.stderr)
    const contest = new Contest(
      {
        raceClass,
        raceSeed: await deriveRaceSeed(beacon, raceClass),
        nodeSeed: await deriveNodeSeed(identity.publicKey),
        deadlineAtMs: Date.now() + 1000 * seconds,
      },
      {
        openPath: () => openRacePath(choice, threads),
        clock: systemClock,
        wallClock: Date.now,
        onProgress: (progress) => {
          line.show(describeProgress(progress))
        },
      },
    )
    const result = await untilInterrupted(contest).finally(() => line.end())
    const commitment = await signCommitment(identity, {
      raceClass: raceClass.name,
      beacon: toHex(beacon),
      firstNonce: result.firstNonce,
      nonceCount: result.nonceCount,
      claimCount: result.claimCount,
      root: result.root,
      startedAtMs: result.startedAtMs,
      endedAtMs: result.endedAtMs,
    })
    // A device that never raced leaves nothing worth a file.
    if (result.outcome.kind === 'failed' && result.nonceCount === 0)
      throw MeshError.fromObject(result.outcome.error)
    const bytes = encodeRaceProof({ commitment, claimedNonces: result.claimedNonces })
    await writeFile(out, bytes)
    proofBytes = bytes.length
    const report = {
      raceClass,
      result,
      progress: contest.progress,
      publicKey: commitment.publicKey,
      beacon,
      out,
      proofBytes,
    }
    process.stdout.write(values.json ? `${JSON.stringify(toJson(report))}\n` : describe(report))
    return exitCode(result)
  } finally {
    if (proofBytes === 0) await rm(out, { force: true })
  }
}

function readClass(name: string): RaceClass {
  try {
    return parseRaceClass(name)
  } catch {
    throw new UsageError(`--class takes ${Object.keys(RACE_CLASSES).join(', ')}, not "${name}".`)
  }
}

/** Makes the file before the race: an hour of work must not end at a folder that is not there. @throws MeshError */
async function reserve(out: string): Promise<void> {
  try {
    await (await open(out, 'wx')).close()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException // what file calls reject with
    const isTaken = code === 'EEXIST'
    throw new MeshError(isTaken ? `${out} exists already.` : `${out} cannot be written (${code}).`, {
      data: { code: isTaken ? 'FILE_EXISTS' : 'FILE_NOT_WRITABLE' },
      metaMessages: [
        isTaken
          ? 'An earlier proof may be in it, and nothing is replaced.'
          : 'Its folder is missing, or belongs to somebody else.',
        'Name another file: --out FILE.',
      ],
      cause,
    })
  }
}

/** Ctrl-C ends the contest, and a second one the program. */
async function untilInterrupted(contest: Contest): Promise<ContestResult> {
  const onInterrupt = (): void => contest.stop()
  process.once('SIGINT', onInterrupt)
  process.once('SIGTERM', onInterrupt)
  try {
    return await contest.run()
  } finally {
    process.removeListener('SIGINT', onInterrupt)
    process.removeListener('SIGTERM', onInterrupt)
  }
}

function exitCode({ outcome }: ContestResult): number {
  switch (outcome.kind) {
    case 'deadline':
    case 'nonces-used-up':
      return 0
    case 'stopped':
      return 130
    case 'failed':
      return 1
    default:
      return outcome satisfies never
  }
}

function describeProgress(progress: ContestProgress): string {
  const left = `${Math.ceil(progress.remainingMs / 1000)} s left`
  switch (progress.phase) {
    case 'opening':
      return `Opening the device, ${left}`
    case 'preparing':
      return `Making weights, ${Math.round(100 * progress.preparedShare)} %, ${left}`
    case 'recovering':
      return `The device was lost and is opened again, ${left}`
    default: {
      const { noncesPerSecond, multiplyAccumulatesPerSecond } = progress
      const rate =
        noncesPerSecond === null || multiplyAccumulatesPerSecond === null
          ? 'the first batch is under way'
          : `${formatRate(noncesPerSecond)} nonces/s, ${formatOperations(multiplyAccumulatesPerSecond)}`
      return `${plural(progress.hits, 'hit')} in ${plural(progress.noncesTried, 'nonce')}, ${rate}, ${left}`
    }
  }
}

interface Report {
  readonly raceClass: RaceClass
  readonly result: ContestResult
  readonly progress: ContestProgress
  readonly publicKey: string
  readonly beacon: Uint8Array
  readonly out: string
  readonly proofBytes: number
}

function describe({ raceClass, result, progress, publicKey, beacon, out, proofBytes }: Report): string {
  const { outcome } = result
  const lines = [
    `Class ${raceClass.name} on ${progress.pathName ?? 'no device'} (${progress.adapter ?? 'none'})`,
    `${plural(result.claimCount, 'hit')} in ${plural(result.nonceCount, 'nonce')}`,
  ]
  if (progress.noncesPerSecond !== null && progress.multiplyAccumulatesPerSecond !== null) {
    const share =
      progress.shareOfPeak === null
        ? ''
        : `, ${(100 * progress.shareOfPeak).toFixed(0)} % of the peak measured here`
    lines.push(
      `${formatRate(progress.noncesPerSecond)} nonces/s, ${formatOperations(progress.multiplyAccumulatesPerSecond)}${share}`,
    )
  }
  if (outcome.kind === 'stopped') lines.push('Interrupted; what was found is kept.')
  if (outcome.kind === 'failed')
    lines.push(`The device failed: ${outcome.error.shortMessage} What was found is kept.`)
  if (raceClass.countsForWeight) lines.push(`beacon ${toHex(beacon)}`)
  else lines.push(`beacon ${toHex(beacon)} (test class: carries no weight)`)
  lines.push(
    `public key ${publicKey}`,
    `Wrote ${out} (${proofBytes} bytes). Check it with: npx racemesh race verify ${out}`,
  )
  return `${lines.join('\n')}\n`
}

function toJson({ raceClass, result, progress, publicKey, beacon, out, proofBytes }: Report): object {
  return {
    class: raceClass.name,
    path: progress.pathName,
    adapter: progress.adapter,
    outcome: result.outcome.kind,
    nonces: result.nonceCount,
    hits: result.claimCount,
    seconds: (result.endedAtMs - result.startedAtMs) / 1000,
    noncesPerSecond: progress.noncesPerSecond,
    multiplyAccumulatesPerSecond: progress.multiplyAccumulatesPerSecond,
    shareOfPeak: progress.shareOfPeak,
    deviceLosses: progress.deviceLosses,
    beacon: toHex(beacon),
    publicKey,
    root: result.root,
    out,
    proofBytes,
  }
}

function timeStamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
}
