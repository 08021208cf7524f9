import { afterEach, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { startNode, startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function relay(args: readonly string[] = []): Promise<TestRelay> {
  const started = await startRelay({ args })
  cleanups.push(() => started.stop())
  return started
}

describe('federated relays', () => {
  it('answer over peers of both, and learn at once when a peer of the other has left', async () => {
    const first = await relay()
    const address = /\/ip4\/[^\s"]+\/p2p\/\w+/.exec(first.process.output())?.[0]
    const second = await relay(['--peer-relay', address ?? ''])
    const head = await startNode(first.origin, ['--layers', '0-4'])
    cleanups.push(() => head.stop())
    const tail = await startNode(second.origin, ['--layers', '4-8'])
    cleanups.push(() => tail.stop())

    for (const { origin } of [first, second]) {
      await untilNetwork(origin, (network) => network.models.every((model) => model.gaps.length === 0))
      const answer = await ask(origin, [{ role: 'user', content: 'What is a relay?' }])
      expect(answer.tokens).toBeGreaterThan(0)
      expect(answer.stages.map((stage) => stage.layers)).toEqual([
        [0, 4],
        [4, 8],
      ])
      // Hidden states go from peer to peer although their relays differ.
      expect(answer.stages.map((stage) => stage.tensor_bytes_relayed)).toEqual([0, 0])
    }

    tail.child.kill('SIGKILL')
    await untilNetwork(first.origin, ({ peers }) => peers.length === 1, 2_000)
  })
})
