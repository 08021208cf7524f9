import type { Browser } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { ask, LONG_CONVERSATION, type Answer } from './support/ask.ts'
import { contribute, launchBrowser } from './support/browser.ts'
import { startNode, startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'

const CONVERSATIONS = [[{ role: 'user' as const, content: 'What is a stage?' }], LONG_CONVERSATION]

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function relay(encoding: 'q4' | 'q8'): Promise<TestRelay> {
  const started = await startRelay({ encoding })
  cleanups.push(() => started.stop())
  return started
}

async function addNode(origin: string, layers: string): Promise<void> {
  const node = await startNode(origin, ['--layers', layers])
  cleanups.push(() => node.stop())
}

async function addTab(origin: string, layers: string): Promise<void> {
  const browser: Browser = await launchBrowser()
  cleanups.push(() => browser.close())
  await contribute(await browser.newPage(), origin, { layers, power: 'Full' })
}

async function answers(origin: string): Promise<Answer[]> {
  await untilNetwork(origin, (network) => network.models.every((model) => model.gaps.length === 0))
  const all: Answer[] = []
  for (const messages of CONVERSATIONS) all.push(await ask(origin, messages))
  return all
}

describe.each(['q8', 'q4'] as const)('shards of guide in %s', (encoding) => {
  it('two tabs, three tabs, and a tab with a native peer answer as one process does', async () => {
    const single = await relay(encoding)
    await addNode(single.origin, '0-8')
    const expected = await answers(single.origin)
    expect(expected.map((answer) => answer.stages.length)).toEqual([1, 1])
    expect(expected[1]!.promptTokens).toBeGreaterThan(48)

    for (const [tabs, nodes] of [
      [['0-4', '4-8'], []],
      [['0-3', '3-5', '5-8'], []],
      [['0-4'], ['4-8']],
    ] as const) {
      const mesh = await relay(encoding)
      for (const layers of tabs) await addTab(mesh.origin, layers)
      for (const layers of nodes) await addNode(mesh.origin, layers)
      const actual = await answers(mesh.origin)
      for (const [index, answer] of actual.entries()) {
        const label = `${tabs.join(' ')} + native ${nodes.join(' ')}, conversation ${index}`
        expect(answer.text, label).toBe(expected[index]!.text)
        expect(answer.tokens, label).toBe(expected[index]!.tokens)
        expect(answer.stages, label).toHaveLength(tabs.length + nodes.length)
        for (const stage of answer.stages) {
          expect(stage.link?.path, label).toMatch(/^(worker|main)-channel$/)
          expect(stage.tensor_bytes_relayed, label).toBe(0)
        }
      }
      for (const cleanup of cleanups.splice(2).reverse()) await cleanup()
    }
  })
})
