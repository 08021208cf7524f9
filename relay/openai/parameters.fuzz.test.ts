import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestRelay } from '../testing/relay.fixture.ts'
import { IGNORED_PARAMETERS, REFUSED_PARAMETERS, USED_PARAMETERS } from './parameters.ts'

const fromEnvironment = (name: string) => {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}
const seed = Number(fromEnvironment('FUZZ_SEED') ?? Date.now() % 2 ** 31)
const path = fromEnvironment('FUZZ_PATH')
const parameters = {
  numRuns: Number(fromEnvironment('FUZZ_RUNS') ?? 1500),
  seed,
  ...(path === undefined ? {} : { path }),
}

const names = [
  ...Object.keys(USED_PARAMETERS),
  ...IGNORED_PARAMETERS.map(({ name }) => name),
  ...REFUSED_PARAMETERS.map(({ name }) => name),
]
const text = fc.string({ unit: 'binary', maxLength: 20 })
const message = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: text }),
  },
  fc.record(
    {
      role: fc.oneof(fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'), text),
      content: fc.oneof(
        text,
        fc.array(fc.record({ type: fc.constantFrom('text', 'image_url'), text })),
        fc.jsonValue(),
      ),
      tool_calls: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
)
const value = fc.oneof(
  fc.jsonValue(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  text,
  fc.array(text, { maxLength: 5 }),
  fc.array(message, { maxLength: 3 }),
)
/** Bodies that look right at first, so that many get past the first check. */
const plausible = fc
  .tuple(
    fc.record({
      model: fc.oneof({ weight: 8, arbitrary: fc.constant('guide') }, fc.constant('other'), value),
      messages: fc.oneof({ weight: 4, arbitrary: fc.array(message, { minLength: 1, maxLength: 3 }) }, value),
      prompt: text,
    }),
    fc.dictionary(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, fc.string()), value, {
      maxKeys: 3,
    }),
    fc.constantFrom('messages', 'prompt'),
  )
  .map(([required, extra, dropped]): Record<string, unknown> => {
    const body: Record<string, unknown> = { ...required, ...extra }

    delete body[dropped]
    return body
  })

describe(`arbitrary requests (FUZZ_SEED=${seed})`, () => {
  const relay = createTestRelay({
    limits: { requestsPerMinute: Number.MAX_SAFE_INTEGER, generationsPerClient: 1 },
  })

  it.each(['/v1/chat/completions', '/v1/completions'])(
    '%s answers or refuses, and never fails',
    async (url) => {
      const statuses = new Set<number>()
      await fc.assert(
        fc.asyncProperty(fc.oneof({ weight: 5, arbitrary: plausible }, fc.jsonValue()), async (body) => {
          const response = await relay.post(url, body)
          const answer = await response.text()
          statuses.add(response.status)
          // 429 would be a slot that a request before this one has kept.
          expect([200, 400, 404]).toContain(response.status)
          if (response.status !== 200) {
            expect(JSON.parse(answer)).toMatchObject({
              error: { message: expect.any(String) as string, type: 'invalid_request_error' },
            })
          }
        }),
        parameters,
      )
      // The generator is of use only if it reaches all three.
      expect([...statuses].sort()).toEqual([200, 400, 404])
    },
  )

  it('any bytes as a body', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const response = await relay.app.request('/v1/chat/completions', {
          method: 'POST',
          body: bytes as BodyInit,
        })
        expect([400, 404]).toContain(response.status)
      }),
      parameters,
    )
  })
})
