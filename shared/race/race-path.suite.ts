import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkPath } from './conformance/check-path.ts'
import { conformanceVectors } from './conformance/vectors.fixture.ts'
import { RACE_CLASSES } from './race-class.ts'
import { nonceRange, type PreparedRace, type RacePath } from './race-path.ts'
import { createReferencePath } from './reference/reference-path.ts'
import { deriveNodeSeed, deriveRaceSeed, type NodeSeed } from './seeds.ts'
import { selfTestRace } from './self-test.ts'

/** What every {@link RacePath} keeps, whatever it runs on. */
export function describeRacePath(
  title: string,
  create: () => RacePath | Promise<RacePath>,
  { nonces }: { nonces: number },
): void {
  describe(title, () => {
    const raceClass = RACE_CLASSES.micro
    let path: RacePath
    let race: PreparedRace
    let expected: PreparedRace
    let nodeSeed: NodeSeed

    beforeAll(async () => {
      path = await create()
      const raceSeed = await deriveRaceSeed(new Uint8Array(32).fill(1), raceClass)
      nodeSeed = await deriveNodeSeed(new Uint8Array(33).fill(2))
      race = await path.prepare({ raceClass, raceSeed })
      expected = await createReferencePath().prepare({ raceClass, raceSeed })
    })
    afterAll(async () => {
      race.dispose()
      await path.dispose()
    })

    it('gives the golden outputs, scores, hits and traces', async () => {
      const report = await checkPath(path, conformanceVectors({ micro: { nonces, traces: 2 } }))
      expect(report).toMatchObject({ nonces, mismatches: 0, details: [] })
    })

    it('passes the self-test of devices', () => selfTestRace(path))

    it('evaluates nonces in any order, repeated ones and the last one there is', async () => {
      const list = Uint32Array.of(4_294_967_295, 3, 3, 0, 77)
      expect(await race.evaluate({ nodeSeed, nonces: list })).toEqual(
        await expected.evaluate({ nodeSeed, nonces: list }),
      )
    })

    it('gives the same bits whatever else is in the batch', async () => {
      const { width } = raceClass
      const alone = await race.evaluate({ nodeSeed, nonces: Uint32Array.of(12) })
      const among = await race.evaluate({ nodeSeed, nonces: nonceRange(1, 21) })
      expect(among.outputs.slice(11 * width, 12 * width)).toEqual(alone.outputs)
    })

    it('gives other bits to other nodes', async () => {
      const other = await deriveNodeSeed(new Uint8Array(33).fill(3))
      const batch = Uint32Array.of(5)
      const own = await race.evaluate({ nodeSeed, nonces: batch })
      const foreign = await race.evaluate({ nodeSeed: other, nonces: batch })
      expect(foreign.outputs).not.toEqual(own.outputs)
      expect(await race.evaluate({ nodeSeed, nonces: batch })).toEqual(own)
    })

    it('finds the hits of a list in its order, and none in an empty one', async () => {
      const all = conformanceVectors({ micro: { nonces: 0, traces: 0 } })[0]!.vectors
      const hits = all.scored.filter(({ isHit }) => isHit).map(({ nonce }) => nonce)
      expect(hits.length).toBeGreaterThan(0)
      const golden = await path.prepare({
        raceClass,
        raceSeed: await deriveRaceSeed(bytesOf(all.beacon), raceClass),
      })
      try {
        const owner = await deriveNodeSeed(bytesOf(all.publicKey))
        // Claims of a peer are hits and nothing else: far more of them in a batch than luck brings.
        const claims = Uint32Array.from({ length: 80 }, (_, i) => hits[i % hits.length]!)
        expect(await golden.findHits({ nodeSeed: owner, nonces: claims })).toEqual([...claims])
        expect(await golden.findHits({ nodeSeed: owner, nonces: new Uint32Array() })).toEqual([])
      } finally {
        golden.dispose()
      }
    })

    it('stops at the next checkpoint when it is aborted, and runs again', async () => {
      const controller = new AbortController()
      let checkpoints = 0
      const running = race.findHits(
        { nodeSeed, nonces: nonceRange(0, 2 * race.batchNonces) },
        {
          signal: controller.signal,
          checkpoint: () => {
            checkpoints++
            controller.abort()
          },
        },
      )
      await expect(running).rejects.toMatchObject({ name: 'AbortError' })
      expect(checkpoints).toBe(1)
      await race.findHits({ nodeSeed, nonces: Uint32Array.of(1) })
    })
  })
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
