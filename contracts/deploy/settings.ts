import type { Address, Hex } from 'viem'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { DeployError } from './deploy-error.ts'
import type { DeploySettings } from './deploy.ts'

/** What a settings file holds; the help of `npm run deploy:contracts` prints it. */
export const SETTINGS_EXAMPLE = `{
  "guardian": "0x…",             may pause, for fourteen days at most
  "founders": "0x…",             receives the founders' coins as they vest
  "quoteToken": "0x…",           ERC-20 that the pool takes and pays, such as a dollar token
  "startPrice": "5000",          of a whole coin, in the token's smallest unit
  "unitPriceWei": "1000000000000",   per 10^6 multiply-accumulates, until providers vote
  "beacon": { "delay": 1000000 }     squarings; with "output", "proof" and "nonce" nothing is computed here
}`

const FIELDS = ['guardian', 'founders', 'quoteToken', 'startPrice', 'unitPriceWei', 'beacon']

/** Half a day at 5 microseconds a squaring: far beyond what the beacon's window of 64 blocks asks for. */
const MAX_DELAY = 10_000_000_000

/**
 * Reads settings from JSON. A `beacon` with a bare `delay` costs about 10 microseconds a squaring here.
 *
 * @throws DeployError `BAD_SETTINGS`, naming the field
 */
export function parseSettings(text: string): DeploySettings {
  const json = parseObject(text)
  const unknown = Object.keys(json).find((field) => !FIELDS.includes(field))
  if (unknown !== undefined) throw badSetting(unknown, 'is not a setting')
  return {
    guardian: readAddress(json, 'guardian'),
    founders: readAddress(json, 'founders'),
    quoteToken: readAddress(json, 'quoteToken'),
    startPrice: readAmount(json, 'startPrice'),
    unitPriceWei: readAmount(json, 'unitPriceWei'),
    beacon: readBeacon(json['beacon']),
  }
}

/** @param problem What is wrong, after the field's name */
export function badSetting(field: string, problem: string): DeployError {
  return new DeployError(`${field} ${problem}.`, {
    data: { code: 'BAD_SETTINGS', field },
    metaMessages: ['npm run deploy:contracts -- --help shows every setting.'],
  })
}

function parseObject(text: string): Record<string, unknown> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw badSetting(
      'The settings file',
      `is not JSON (${error instanceof Error ? error.message : String(error)})`,
    )
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badSetting('The settings file', 'is not a JSON object')
  }
  return json as Record<string, unknown> // an object was just seen
}

function readBeacon(value: unknown): DeploySettings['beacon'] {
  if (typeof value !== 'object' || value === null) throw badSetting('beacon', 'is missing')
  const { delay, output, proof, nonce } = value as Record<string, unknown>
  if (!Number.isSafeInteger(delay) || Number(delay) < 1 || Number(delay) > MAX_DELAY) {
    throw badSetting('beacon.delay', `must be a whole number of squarings from 1 to ${MAX_DELAY}`)
  }
  const squarings = Number(delay)
  const proved = [output, proof, nonce].filter((part) => part !== undefined)
  if (proved.length === 0) return { delay: squarings, ...delayedGenerator(squarings) }
  if (proved.length < 3) throw badSetting('beacon', 'needs output, proof and nonce together, or none of them')
  if (!isBytes(output, 256)) throw badSetting('beacon.output', 'must be 256 bytes in hex')
  if (!isBytes(proof, 256)) throw badSetting('beacon.proof', 'must be 256 bytes in hex')
  if (!Number.isSafeInteger(nonce) || Number(nonce) < 0 || Number(nonce) > 0xffff) {
    throw badSetting('beacon.nonce', 'must be a whole number from 0 to 65535')
  }
  return { delay: squarings, output, proof, nonce: Number(nonce) }
}

function readAddress(json: Record<string, unknown>, field: string): Address {
  const value = json[field]
  if (value === undefined) throw badSetting(field, 'is missing')
  if (!isBytes(value, 20)) throw badSetting(field, 'must be an address: 0x and 40 hexadecimal digits')
  return value
}

function readAmount(json: Record<string, unknown>, field: string): bigint {
  const value = json[field]
  if (value === undefined) throw badSetting(field, 'is missing')
  // As text, because JSON's numbers end at 2^53.
  if (typeof value !== 'string' || !/^[0-9]{1,78}$/.test(value) || BigInt(value) === 0n) {
    throw badSetting(field, 'must be a whole number above zero, in quotes')
  }
  return BigInt(value)
}

function isBytes(value: unknown, size: number): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value) && value.length === 2 + 2 * size
}
