import { RACE_CLASSES } from './race-class.ts'
import type { PreparedRace, RacePath } from './race-path.ts'
import { deriveNodeSeed, deriveRaceSeed, type NodeSeed } from './seeds.ts'

/** A Race of the test class, ready to run on `path`. */
export async function prepareMicro(path: RacePath): Promise<{ race: PreparedRace; nodeSeed: NodeSeed }> {
  const raceClass = RACE_CLASSES.micro
  const raceSeed = await deriveRaceSeed(new Uint8Array(32), raceClass)
  return {
    race: await path.prepare({ raceClass, raceSeed }),
    nodeSeed: await deriveNodeSeed(new Uint8Array(32)),
  }
}
