import { describe, expect, it } from 'vitest'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { compareWithModel } from './compare.ts'
import { playWalk, readStage } from './stage.ts'
import { Walk } from './walk.ts'

// The share of every run of the tests; `npm run diff:contracts` makes 10,000 of each.
const SHARE = { batches: 500, channels: 500, epochEvents: 500, seed: 7 }

/** Compiling all contracts takes half a minute, once, on two idle cores. */
const TIMEOUT_MS = 300_000

describe('the model of settlement', () => {
  it(
    'does with random batches, channels and epochs what the contracts do',
    async () => {
      const report = await compareWithModel(SHARE)
      expect(report.differences).toEqual([])
      // A walk in which everything was refused, or nothing, would show little.
      expect(report.accepted).toBeGreaterThan(SHARE.batches + SHARE.channels)
      expect(report.epochs).toBeGreaterThan(3)
      expect(Object.keys(report.refused).length).toBeGreaterThan(20)
    },
    TIMEOUT_MS,
  )

  it(
    'is found out where it foretells something else',
    () => {
      const stage = readStage()
      const coin = { abi: raceCoinAbi, address: stage.coin }
      const { actor, payer } = stage
      const wrongAnswer = new Walk(stage)
      wrongAnswer.expect(coin, 'balanceOf', [payer], 1n)
      expect(playWalk(wrongAnswer)).toMatch(/^step 0, balanceOf reads 0x0*1: the contract says 0x0*52b7/)
      const wrongRefusal = new Walk(stage)
      wrongRefusal.send(coin, actor, 'transfer', [payer, 1n])
      wrongRefusal.send(coin, actor, 'transfer', [payer, 1n], 'ERC20InsufficientBalance')
      expect(playWalk(wrongRefusal)).toMatch(
        /^step 1, transfer \(ERC20InsufficientBalance\): the contract says/,
      )
      const wrongSuccess = new Walk(stage)
      wrongSuccess.send(coin, actor, 'mint', [payer, 1n])
      expect(playWalk(wrongSuccess)).toMatch(/^step 0, mint \(accepted\): the contract says 0x[0-9a-f]{8}$/)
    },
    TIMEOUT_MS,
  )
})
