import { expect, it } from 'vitest'
import { createSessionId, fromHex, parseModelId, parsePeerIdText, parseSessionId, toHex } from './ids.ts'
import { outcome } from './testing/golden.suite.ts'

it.each<[string, (value: unknown) => unknown, unknown, string]>([
  ['a model id', parseModelId, 'ab'.repeat(32), 'ok'],
  ['a model id that is short', parseModelId, 'ab'.repeat(31), 'BAD_ID'],
  ['a model id in capitals', parseModelId, 'AB'.repeat(32), 'BAD_ID'],
  ['a model id with a line break', parseModelId, `${'ab'.repeat(32)}\n`, 'BAD_ID'],
  ['a number for a model id', parseModelId, 7, 'BAD_ID'],
  ['a session id', parseSessionId, '01'.repeat(16), 'ok'],
  ['a session id that is long', parseSessionId, '01'.repeat(17), 'BAD_ID'],
  ['an Ed25519 peer id', parsePeerIdText, '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp', 'ok'],
  ['a peer id with a character that base58 lacks', parsePeerIdText, `0${'A'.repeat(51)}`, 'BAD_ID'],
  ['nothing for a peer id', parsePeerIdText, undefined, 'BAD_ID'],
])('parses %s or refuses', (_title, parse, value, expected) => {
  expect(outcome(() => parse(value))).toBe(expected)
})

it('turns every byte to hex and back', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
  expect(fromHex(toHex(bytes))).toEqual(bytes)
})

it('draws session ids that parse and differ', () => {
  const ids = Array.from({ length: 100 }, createSessionId)
  for (const id of ids) expect(parseSessionId(id)).toBe(id)
  expect(new Set(ids).size).toBe(100)
})
