import { keccak256, numberToHex } from 'viem'
import { BatchesWalk } from './batches-walk.ts'
import { ChannelsWalk } from './channels-walk.ts'
import { EpochsWalk } from './epochs-walk.ts'
import { emptyReport, type DiffReport } from './report.ts'
import { playWalk, readStage } from './stage.ts'
import { Walk, type Random } from './walk.ts'

export interface Comparison {
  readonly batches: number
  readonly channels: number
  /** Events of the beacon and of the epochs that it seeds. */
  readonly epochEvents: number
  readonly seed: number
  /** Told after every hundredth batch and channel. */
  readonly onProgress?: (text: string) => void
}

/** Walks batches, channels and epochs in the model, then plays the walks in the contracts. */
export async function compareWithModel(comparison: Comparison): Promise<DiffReport> {
  const { seed, onProgress = () => undefined } = comparison
  const report = emptyReport(seed)
  const stage = readStage()
  const random = seededRandom(seed)

  const batches = new Walk(stage)
  const batchesWalk = new BatchesWalk(stage, batches, random, report)
  await repeat('batches', comparison.batches, onProgress, () => batchesWalk.step())
  batchesWalk.compare()
  const channels = new Walk(stage)
  const channelsWalk = new ChannelsWalk(stage, channels, random, report)
  await repeat('channels', comparison.channels, onProgress, () => channelsWalk.step())
  const epochs = new Walk(stage)
  const epochsWalk = new EpochsWalk(stage, epochs, random, report)
  await repeat('events of epochs', comparison.epochEvents, onProgress, (i) => {
    epochsWalk.step()
    if (i % 10 === 0) epochsWalk.compare()
  })
  epochsWalk.compare()

  for (const walk of [batches, channels, epochs]) {
    onProgress(`playing ${walk.names.length} steps`)
    const difference = playWalk(walk)
    if (difference !== undefined) report.differences.push(difference)
  }
  return report
}

async function repeat(
  what: string,
  count: number,
  onProgress: (text: string) => void,
  step: (i: number) => void | Promise<void>,
): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await step(i)
    if (i % 100 === 0) onProgress(`${i} of ${count} ${what}`)
  }
}

/** Numbers from a seed by keccak: the same on every machine. */
function seededRandom(seed: number): Random {
  let counter = 0n
  return (below) => {
    counter += 1n
    const input = numberToHex((BigInt(seed) << 64n) + counter, { size: 32 })
    return Number(BigInt(keccak256(input)) % BigInt(below))
  }
}
