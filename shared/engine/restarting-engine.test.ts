import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../mesh/testing/virtual-clock.fixture.ts'
import type { ComputeEngine } from './compute-engine.ts'
import { EngineError } from './engine-error.ts'
import { RestartingEngine } from './restarting-engine.ts'

const death = (why: string): EngineError => new EngineError(why, { data: { code: 'WORKER_FAILED' } })

/** Workers that answer with their number, and die when they are told to. */
function createEngine() {
  const clock = new VirtualClock()
  const deaths: ((error: EngineError) => void)[] = []
  const ended: number[] = []
  const heard: string[] = []
  const engine = new RestartingEngine({
    start(onFailed) {
      const number = deaths.push(onFailed)
      const worker = { capabilities: () => Promise.resolve({ memoryBudgetBytes: number }) }
      return {
        engine: worker as unknown as ComputeEngine, // only this call is made
        end: () => {
          ended.push(number)
          return Promise.resolve()
        },
      }
    },
    clock,
    onLost: (error) => heard.push(`lost: ${error.shortMessage}`),
    onGivenUp: (error) => heard.push(`given up: ${error.shortMessage}`),
  })
  return { engine, clock, deaths, ended, heard }
}

describe('RestartingEngine', () => {
  it('lets calls wait for the next worker and tells the owner that everything is gone', async () => {
    const { engine, clock, deaths, ended, heard } = createEngine()
    expect(await engine.capabilities()).toEqual({ memoryBudgetBytes: 1 })
    deaths[0]?.(death('out of memory'))
    expect(heard).toEqual(['lost: out of memory'])
    expect(ended).toEqual([1])
    const call = engine.capabilities()
    await clock.advance(249)
    expect(deaths).toHaveLength(1)
    await clock.advance(1)
    expect(await call).toEqual({ memoryBudgetBytes: 2 })
  })

  it('waits longer each time, and gives up at the fourth death within ten minutes', async () => {
    const { engine, clock, deaths, heard } = createEngine()
    for (const [index, delayMs] of [250, 500, 1_000].entries()) {
      deaths[index]?.(death(`death ${index + 1}`))
      await clock.advance(delayMs - 1)
      expect(deaths).toHaveLength(index + 1)
      await clock.advance(1)
      expect(deaths).toHaveLength(index + 2)
    }
    deaths[3]?.(death('death 4'))
    await clock.advance(60_000)
    expect(deaths).toHaveLength(4)
    expect(heard.at(-1)).toBe('given up: The compute worker died 4 times within 10 minutes.')
    await expect(engine.capabilities()).rejects.toMatchObject({
      data: { code: 'WORKER_FAILED' },
      metaMessages: [
        'The last time: death 4',
        'Too little memory for what is loaded is the usual cause. Start again with a smaller budget.',
      ],
    })
  })

  it('forgets a death after ten minutes', async () => {
    const { clock, deaths, heard } = createEngine()
    for (let index = 0; index < 8; index++) {
      deaths[index]?.(death('now and then'))
      await clock.advance(5 * 60_000)
    }
    expect(heard).toEqual(new Array(8).fill('lost: now and then'))
    expect(deaths).toHaveLength(9)
  })

  it('starts nothing any more once it is disposed of', async () => {
    const { engine, clock, deaths, ended } = createEngine()
    deaths[0]?.(death('out of memory'))
    await engine.dispose()
    await clock.advance(60_000)
    expect(deaths).toHaveLength(1)
    expect(ended).toContain(1)
    await expect(engine.capabilities()).rejects.toMatchObject({ data: { code: 'WORKER_FAILED' } })
  })
})
