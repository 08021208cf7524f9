// `npm run demo`: the proof of the main job. A relay, two Chromium processes with one tab each that hold half of the
// layers each, no native peer, and a prompt sent with the official OpenAI client. The last line is one JSON object.
import type { Browser } from 'playwright-core'
import { ask } from './support/ask.ts'
import { contribute, launchBrowser } from './support/browser.ts'
import { startRelay, startNode, untilNetwork, type TestRelay } from './support/mesh.ts'
import type { Running } from './support/processes.ts'

const PROMPT = 'What is Racemesh, and what does a tab do in it?'
const MAX_TOKENS = 64

const isJson = process.argv.includes('--json')
const say = (text: string): void => {
  if (!isJson) console.log(text)
}

const browsers: Browser[] = []
let relay: TestRelay | null = null
let single: { relay: TestRelay; node: Running } | null = null
try {
  relay = await startRelay()
  say(`Relay on ${relay.origin}`)
  for (const layers of ['0-4', '4-8']) {
    const browser = await launchBrowser()
    browsers.push(browser)
    await contribute(await browser.newPage(), relay.origin, { layers, power: 'Full' })
    say(`A tab of its own Chromium process holds layers ${layers}.`)
  }
  await untilNetwork(relay.origin, (network) => network.models.every((model) => model.gaps.length === 0))
  const answer = await ask(relay.origin, [{ role: 'user', content: PROMPT }], { maxTokens: MAX_TOKENS })
  say(answer.text)

  // The referee: the same prompt on one process that holds every layer.
  const singleRelay = await startRelay()
  single = { relay: singleRelay, node: await startNode(singleRelay.origin) }
  await untilNetwork(singleRelay.origin, (network) =>
    network.models.every((model) => model.gaps.length === 0),
  )
  const reference = await ask(singleRelay.origin, [{ role: 'user', content: PROMPT }], {
    maxTokens: MAX_TOKENS,
  })

  const tensorBytesThroughRelay = answer.stages.reduce((sum, stage) => sum + stage.tensor_bytes_relayed, 0)
  const sameAsSingleProcess = answer.text === reference.text && answer.tokens === reference.tokens
  const result = {
    ok:
      sameAsSingleProcess &&
      answer.tokens > 0 &&
      answer.stages.length === 2 &&
      answer.stages.every((stage) => stage.kind === 'tab' && stage.link !== null) &&
      tensorBytesThroughRelay === 0,
    text: answer.text,
    tokens: answer.tokens,
    ttftMs: answer.ttftMs,
    tokensPerSecond: answer.tokensPerSecond,
    stages: answer.stages.map(({ peerId, kind, layers, link }) => ({ peerId, kind, layers, link })),
    tensorBytesThroughRelay,
    sameAsSingleProcess,
  }
  console.log(JSON.stringify(result))
  process.exitCode = result.ok ? 0 : 1
} finally {
  await Promise.all(browsers.map((browser) => browser.close()))
  await relay?.stop()
  await single?.node.stop()
  await single?.relay.stop()
}
