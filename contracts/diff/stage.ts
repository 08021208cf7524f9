import { readFileSync, mkdirSync, writeFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Address, Hex } from 'viem'
import type { Walk } from './walk.ts'

// The tools are CommonJS, because forge starts one of them as its compiler.
const { ROOT, forge } = createRequire(import.meta.url)('../tools/forge.cjs') as {
  ROOT: string
  forge: (
    args: readonly string[],
    options: object,
  ) => { status: number | null; stdout: string; stderr: string }
}

/** The folder that forge may read and write for this (contracts/foundry.toml). */
const WALKS = join(ROOT, 'cache', 'walks')

/** What `WalkTest.test_stage` writes down. */
export interface Stage {
  readonly chainId: number
  readonly block: number
  readonly time: number
  /** Unix seconds at which issuance began. */
  readonly genesis: number
  /** Holds coins, signs nothing, and has the VERDICT role. */
  readonly actor: Address
  readonly payer: Address
  readonly payerKey: Hex
  readonly payeeKey: Hex
  /** Sum of the validators' BLS secrets: one signature of all. */
  readonly validatorKey: Hex
  readonly validators: readonly Address[]
  readonly epochs: Address
  /** Seed of the running epoch, the first. */
  readonly seed: Hex
  readonly coin: Address
  readonly batches: Address
  readonly channels: Address
  readonly setId: Hex
  readonly parameters: Readonly<
    Record<
      | 'leafLimit'
      | 'intervalBlocks'
      | 'slashWindowBlocks'
      | 'demandBlocks'
      | 'demandBond'
      | 'closeDelay'
      | 'dailyCap'
      | 'trainingShareBps'
      | 'epochBlocks'
      | 'commitBlocks'
      | 'revealBlocks'
      | 'beaconDeposit'
      | 'delay',
      string
    >
  >
}

/** Where the contracts stand when a walk begins. Compiles them if need be. */
export function readStage(): Stage {
  mkdirSync(WALKS, { recursive: true })
  const file = join(WALKS, `stage-${process.pid}.json`)
  try {
    const { status, stdout, stderr } = runWalkTest('test_stage', { WALK_STAGE: file })
    if (status !== 0) throw new Error(`The stage could not be set:\n${stdout}${stderr}`)
    return JSON.parse(readFileSync(file, 'utf8')) as Stage // written by WalkTest just now
  } finally {
    rmSync(file, { force: true })
  }
}

/**
 * Plays a walk in the contracts.
 *
 * @returns What differed, in words; undefined if every step did what the model says.
 */
export function playWalk(walk: Walk): string | undefined {
  const file = join(WALKS, `walk-${process.pid}.txt`)
  const played = `${file}.played`
  try {
    writeFileSync(file, walk.toText())
    const { status, stdout, stderr } = runWalkTest('test_play', { WALK: file })
    if (status === 0) {
      const steps = Number(readFileSync(played, 'utf8'))
      return steps === walk.names.length ? undefined : `${steps} of ${walk.names.length} steps were played`
    }
    const difference = /step (\d+): (0x[0-9a-f]*)/.exec(stdout)
    if (difference === null) throw new Error(`The walk could not be played:\n${stdout}${stderr}`)
    const step = Number(difference[1])
    return `step ${step}, ${walk.names[step]}: the contract says ${difference[2]}`
  } finally {
    rmSync(file, { force: true })
    rmSync(played, { force: true })
  }
}

function runWalkTest(name: string, env: Record<string, string>) {
  return forge(['test', '--match-path', 'contracts/test/diff/**', '--match-test', `^${name}\\(`], {
    stdio: 'pipe',
    encoding: 'utf8',
    env,
  })
}
