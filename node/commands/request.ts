import { MeshError } from '../../shared/errors.ts'
import { parseInteger, parseOptions, UsageError } from '../usage-error.ts'
import { drawRoute, type RouteReport } from '../draw-route.ts'
import { readEvents } from '../read-events.ts'

const HELP = `npx racemesh request --prompt TEXT [options]: ask the mesh and stream the answer

  --prompt TEXT      what to ask (or pipe it in)
  --model NAME       default guide
  --system TEXT      system message
  --relay URL        web address of a relay, default http://127.0.0.1:9090
  --max-tokens N     default 256
  --temperature T    default 0 (the most likely token each time)
  --seed N           makes a warmer answer repeatable
  --max-fee F        most that the answer may cost (answers are free now)
  --deadline MS      most time that it may take, default 120000
  --json             one JSON object with text, usage and route
  --help
`

interface ChatChunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string }
    readonly finish_reason?: string | null
  }[]
  readonly usage?: unknown
  readonly racemesh?: Partial<RouteReport>
  readonly error?: { readonly message: string; readonly code?: string | null }
}

/** Sends one chat request to a relay; Ctrl-C cancels it on every stage. */
export async function requestCommand(argv: string[]): Promise<number> {
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        prompt: { type: 'string' },
        model: { type: 'string', default: 'guide' },
        system: { type: 'string' },
        relay: { type: 'string', default: 'http://127.0.0.1:9090' },
        'max-tokens': { type: 'string', default: '256' },
        temperature: { type: 'string', default: '0' },
        seed: { type: 'string' },
        'max-fee': { type: 'string' },
        deadline: { type: 'string', default: '120000' },
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
  const prompt = values.prompt ?? (await readStdin())
  if (prompt === '')
    throw new UsageError(`There is nothing to ask: give --prompt TEXT or pipe it in.\n\n${HELP}`)
  const temperature = Number(values.temperature)
  if (!Number.isFinite(temperature))
    throw new UsageError(`--temperature takes a number, not "${values.temperature}".`)
  const abort = new AbortController()
  const onInterrupt = (): void => abort.abort()
  process.once('SIGINT', onInterrupt)
  try {
    const response = await post(values.relay, abort.signal, {
      model: values.model,
      messages: [
        ...(values.system === undefined ? [] : [{ role: 'system', content: values.system }]),
        { role: 'user', content: prompt },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: parseInteger('max-tokens', values['max-tokens'], 1, 131_072),
      temperature,
      ...(values.seed === undefined ? {} : { seed: parseInteger('seed', values.seed, 0, 4_294_967_295) }),
      ...(values['max-fee'] === undefined ? {} : { max_fee: values['max-fee'] }),
      deadline_ms: parseInteger('deadline', values.deadline, 1, 600_000),
    })
    return await show(response, values.json)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    process.stderr.write('\nCancelled.\n')
    return 130
  } finally {
    process.removeListener('SIGINT', onInterrupt)
  }
}

async function show(response: Response, isJson: boolean): Promise<number> {
  let text = ''
  let usage: unknown = null
  let finishReason: string | null = null
  let report: Partial<RouteReport> = {}
  for await (const data of readEvents(response)) {
    if (data === '[DONE]') break
    const chunk = JSON.parse(data) as ChatChunk // our own relay; unknown fields are ignored
    if (chunk.error !== undefined) throw refused(chunk.error.message, chunk.error.code ?? 'REQUEST_FAILED')
    const choice = chunk.choices?.[0]
    const piece = choice?.delta?.content ?? ''
    text += piece
    if (!isJson) process.stdout.write(piece)
    finishReason = choice?.finish_reason ?? finishReason
    usage = chunk.usage ?? usage
    report = { ...report, ...chunk.racemesh }
  }
  if (isJson)
    process.stdout.write(
      `${JSON.stringify({ text, finish_reason: finishReason, usage, racemesh: report })}\n`,
    )
  else process.stdout.write(`\n\n${drawRoute(report, process.stdout.isTTY)}`)
  return 0
}

async function post(relay: string, signal: AbortSignal, body: unknown): Promise<Response> {
  let response: Response
  try {
    response = await fetch(new URL('/v1/chat/completions', relay), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })
  } catch (error) {
    if (signal.aborted) throw error
    throw new MeshError(`The relay at ${relay} cannot be reached.`, {
      data: { code: 'RELAY_UNREACHABLE' },
      metaMessages: ['It is not running, or the address is wrong.', 'Start one with: npm start'],
      cause: error,
    })
  }
  if (response.ok) return response
  const failure = (await response.json().catch(() => null)) as {
    error?: { message?: string; code?: string }
  } | null
  throw refused(
    failure?.error?.message ?? `The relay answered ${response.status}.`,
    failure?.error?.code ?? 'REQUEST_FAILED',
  )
}

function refused(message: string, code: string): MeshError {
  return new MeshError(message, { data: { code } })
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) return ''
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk)
  return text.trim()
}
