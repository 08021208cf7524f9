import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import {
  PREFILL_CHUNK_TOKENS,
  stageIdOf,
  type ComputeEngine,
  type ForwardResult,
  type StageId,
} from '../shared/engine/compute-engine.ts'
import type { Encoding, ModelManifest } from '../shared/model/manifest.ts'
import { loadTokenizer, type ModelTokenizer } from '../shared/model/tokenizer.ts'
import { createSessionId, type SessionId } from '../shared/protocol/ids.ts'
import { packFolder } from './commands/pack.ts'
import { openFolder } from './fs-model.ts'
import { createNodeEngine } from './node-engine.ts'
import { progressLine } from './progress-line.ts'
import { parseInteger, parseOptions } from './usage-error.ts'

const HELP = `npm run eval:guide [-- options]

Asks the demo model the questions that its training never saw, through our own engine, in both encodings.

  --folder DIR     the model, default models/guide
  --questions F    the questions, default models/recipe/heldout.json
  --limit N        only the first N questions
  --json           prints nothing but the result, as JSON on the last line
`
const MAX_NEW_TOKENS = 80
const MEMORY_BUDGET_BYTES = 1024 * 1024 * 1024
const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 }

const Questions = v.array(
  v.object({
    messages: v.array(v.object({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() })),
    /** An answer is right when every group has a phrase that occurs in it, whatever the case. */
    mustInclude: v.array(v.array(v.string())),
    reference: v.string(),
  }),
)
type Question = v.InferOutput<typeof Questions>[number]

interface Evaluation {
  readonly encoding: Encoding
  readonly modelId: string
  readonly sizeBytes: number
  readonly questions: number
  readonly right: number
  readonly share: number
  /** Mean negative log-likelihood of the reference answers' tokens and their end token, nats. */
  readonly loss: number
  readonly referenceTokens: number
  readonly tokensPerSecond: number
}

async function main(argv: string[]): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        folder: { type: 'string', default: join(root, 'models/guide') },
        questions: { type: 'string', default: join(root, 'models/recipe/heldout.json') },
        limit: { type: 'string', default: '100000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const limit = parseInteger('limit', values.limit, 1, 100_000)
  const questions = v.parse(Questions, JSON.parse(await readFile(values.questions, 'utf8'))).slice(0, limit)
  const results: Evaluation[] = []
  for (const encoding of ['q8', 'q4'] as const) {
    const result = await evaluate(values.folder, encoding, questions, values.json)
    results.push(result)
    if (!values.json) {
      process.stdout.write(
        `${encoding}: ${result.right} of ${result.questions} right (${(100 * result.share).toFixed(1)} %), ` +
          `loss ${result.loss.toFixed(4)}, ${result.tokensPerSecond.toFixed(0)} tokens/s\n`,
      )
    }
  }
  process.stdout.write(`${JSON.stringify(results)}\n`)
  return 0
}

async function evaluate(
  folder: string,
  encoding: Encoding,
  questions: readonly Question[],
  isQuiet: boolean,
): Promise<Evaluation> {
  const parent = await mkdtemp(join(tmpdir(), 'racemesh-eval-'))
  const engine = createNodeEngine({ memoryBudgetBytes: MEMORY_BUDGET_BYTES })
  const line = progressLine(isQuiet ? null : process.stderr)
  try {
    const out = join(parent, encoding)
    const manifest = await packFolder({ folder, out, encoding, name: 'guide' })
    const model = await LoadedModel.load(engine, manifest, out)
    let right = 0
    let loss = 0
    let referenceTokens = 0
    let generatedTokens = 0
    let generateMs = 0
    for (const [index, question] of questions.entries()) {
      line.show(`${encoding}: question ${index + 1} of ${questions.length}, ${right} right so far`)
      const prompt = model.tokenizer.encodeChat(question.messages)
      const startedAt = performance.now()
      const answer = await model.answer(prompt)
      generateMs += performance.now() - startedAt
      generatedTokens += answer.length
      right += isRight(model.tokenizer.decode(answer), question.mustInclude) ? 1 : 0
      const reference = [
        ...model.tokenizer.encodeText(question.reference),
        ...manifest.config.eosTokenIds.slice(0, 1),
      ]
      loss += await model.loss(prompt, reference)
      referenceTokens += reference.length
    }
    return {
      encoding,
      modelId: manifest.id,
      sizeBytes: manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
      questions: questions.length,
      right,
      share: right / questions.length,
      loss: loss / referenceTokens,
      referenceTokens,
      tokensPerSecond: (1000 * generatedTokens) / generateMs,
    }
  } finally {
    line.end()
    await engine.dispose()
    await rm(parent, { recursive: true })
  }
}

/** A whole model on one engine. */
class LoadedModel {
  readonly tokenizer: ModelTokenizer
  readonly #engine: ComputeEngine
  readonly #stageId: StageId
  readonly #manifest: ModelManifest

  constructor(engine: ComputeEngine, manifest: ModelManifest, stageId: StageId, tokenizer: ModelTokenizer) {
    this.#engine = engine
    this.#manifest = manifest
    this.#stageId = stageId
    this.tokenizer = tokenizer
  }

  static async load(engine: ComputeEngine, manifest: ModelManifest, out: string): Promise<LoadedModel> {
    const folder = openFolder(out)
    const readAll = async (
      listed: readonly { readonly path: string; readonly sizeBytes: number }[],
    ): Promise<Map<string, Uint8Array<ArrayBuffer>>> => {
      const files = new Map<string, Uint8Array<ArrayBuffer>>()
      for (const { path, sizeBytes } of listed) files.set(path, await folder.read(path, 0, sizeBytes))
      return files
    }
    const layers = { start: 0, end: manifest.config.layerCount }
    await engine.loadStage({ manifest, layers, files: await readAll(manifest.files) })
    const tokenizer = loadTokenizer(await readAll(manifest.sideFiles))
    return new LoadedModel(engine, manifest, stageIdOf(manifest.id, layers), tokenizer)
  }

  /** The greedy answer without its end token. */
  async answer(prompt: readonly number[]): Promise<number[]> {
    const sessionId = await this.#open(prompt.length + MAX_NEW_TOKENS)
    const tokens: number[] = []
    let result = await this.#prefill(sessionId, prompt, 'token')
    while (result.kind === 'token' && !this.#manifest.config.eosTokenIds.includes(result.tokenId)) {
      tokens.push(result.tokenId)
      if (tokens.length === MAX_NEW_TOKENS) break
      result = await this.#step(sessionId, [result.tokenId], prompt.length + tokens.length - 1, 'token')
    }
    await this.#engine.closeSession(this.#stageId, sessionId)
    return tokens
  }

  /** Summed negative log-likelihood of `reference` after `prompt`, nats. */
  async loss(prompt: readonly number[], reference: readonly number[]): Promise<number> {
    const sessionId = await this.#open(prompt.length + reference.length)
    let result = await this.#prefill(sessionId, prompt, 'logits')
    let loss = 0
    for (const [index, tokenId] of reference.entries()) {
      if (result.kind === 'logits') loss += crossEntropy(result.logits, tokenId)
      if (index + 1 < reference.length) {
        result = await this.#step(sessionId, [tokenId], prompt.length + index, 'logits')
      }
    }
    await this.#engine.closeSession(this.#stageId, sessionId)
    return loss
  }

  async #open(capacityTokens: number): Promise<SessionId> {
    const sessionId = createSessionId()
    await this.#engine.openSession({
      stageId: this.#stageId,
      sessionId,
      capacityTokens,
      sampling: { params: GREEDY, historyTokenIds: [] },
    })
    return sessionId
  }

  async #prefill(
    sessionId: SessionId,
    prompt: readonly number[],
    want: 'token' | 'logits',
  ): Promise<ForwardResult> {
    const lastStart = Math.floor((prompt.length - 1) / PREFILL_CHUNK_TOKENS) * PREFILL_CHUNK_TOKENS
    for (let position = 0; position < lastStart; position += PREFILL_CHUNK_TOKENS) {
      await this.#step(sessionId, prompt.slice(position, position + PREFILL_CHUNK_TOKENS), position, 'none')
    }
    return this.#step(sessionId, prompt.slice(lastStart), lastStart, want)
  }

  #step(
    sessionId: SessionId,
    tokenIds: readonly number[],
    position: number,
    want: 'token' | 'logits' | 'none',
  ): Promise<ForwardResult> {
    const input = { kind: 'tokens', tokenIds: Int32Array.from(tokenIds) } as const
    return this.#engine.forward({ stageId: this.#stageId, sessionId, position, input, want })
  }
}

function isRight(answer: string, mustInclude: readonly (readonly string[])[]): boolean {
  const text = answer.toLowerCase()
  return mustInclude.every((group) => group.some((phrase) => text.includes(phrase.toLowerCase())))
}

function crossEntropy(logits: Float32Array, tokenId: number): number {
  let max = -Infinity
  for (const logit of logits) max = Math.max(max, logit)
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - max)
  return max + Math.log(sum) - logits[tokenId]! // a token of the vocabulary
}

process.exitCode = await main(process.argv.slice(2))
