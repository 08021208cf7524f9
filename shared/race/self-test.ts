import { RACE_CLASSES } from './race-class.ts'
import { RacePathError } from './race-path-error.ts'
import type { RacePath } from './race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from './seeds.ts'
import { hashArray } from './trace-hash.ts'

/** Both ends of the range of nonces, and enough of them for a second tile of rows. */
export const SELF_TEST_NONCES = Uint32Array.of(0, 1, 2, 3, 4, 5, 4_294_967_295, 2_147_483_648, 7)
/** SHA-256 of the outputs, by the reference. */
export const SELF_TEST_SHA256 = '9b0224cb83e98bf7bbdfc2c1efc906a1cb2038fbc2a59dfb7853ae82285f7794'

/**
 * Runs a few nonces whose outputs are known before a device takes part: drivers miscompile, and devices claim features
 * that they lack. Takes as long as compiling the kernels and a few milliseconds.
 * @throws RacePathError `DEVICE_WRONG`
 */
export async function selfTestRace(path: RacePath, signal?: AbortSignal): Promise<void> {
  const raceClass = RACE_CLASSES.micro
  const raceSeed = await deriveRaceSeed(new Uint8Array(32), raceClass)
  const nodeSeed = await deriveNodeSeed(new Uint8Array(32))
  const race = await path.prepare({ raceClass, raceSeed }, { signal })
  try {
    const { outputs } = await race.evaluate({ nodeSeed, nonces: SELF_TEST_NONCES }, { signal })
    if ((await hashArray(outputs)) === SELF_TEST_SHA256) return
  } finally {
    race.dispose()
  }
  throw new RacePathError(`This device computes the Race wrongly (${path.adapter}).`, {
    data: { code: 'DEVICE_WRONG', adapter: path.adapter },
    metaMessages: [
      'Usually its driver has a defect, or the device is overclocked or overheated.',
      'Race on the processor instead: the WebAssembly path gives the same results.',
    ],
    docsPath: 'docs/race.md',
  })
}
