import { expect, it } from 'vitest'
import { cacheRuleOf } from './cache-rule.ts'

const origin = 'http://127.0.0.1:8080'

it.each<[string, RequestMode, string, string]>([
  ['GET', 'navigate', '/', 'shell'],
  ['GET', 'navigate', '/network', 'shell'],
  ['GET', 'navigate', '/v1/models', 'network'],
  ['GET', 'cors', '/assets/index-abc.js', 'asset'],
  ['GET', 'no-cors', '/assets/index-abc.css', 'asset'],
  ['GET', 'no-cors', '/icon-192.png', 'asset'],
  ['GET', 'cors', '/assets/ort-wasm-abc.wasm', 'network'],
  ['GET', 'cors', '/api/network', 'network'],
  ['GET', 'cors', '/models/abc/layer-000.bin', 'network'],
  ['POST', 'cors', '/v1/chat/completions', 'network'],
  ['GET', 'cors', '/sw.js', 'network'],
  ['GET', 'no-cors', 'https://example.org/assets/a.js', 'network'],
])('%s %s %s is %s', (method, mode, address, rule) => {
  expect(cacheRuleOf(method, mode, new URL(address, origin), origin)).toBe(rule)
})
