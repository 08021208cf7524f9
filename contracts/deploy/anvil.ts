import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { foundryBinary } from '../tools/foundry-binary.cjs'
import { DeployError } from './deploy-error.ts'

/** Of accounts that everybody knows: nothing on such a chain is worth anything. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** Time to answer the first request; measured 40 to 100 ms on two idle cores, and longer with much state to read. */
const START_TIMEOUT_MS = 20_000

export interface AnvilProcess {
  /** `http://host:port` */
  readonly url: string
  readonly pid: number
  /** Fulfilled when the process has ended, however that came. */
  readonly ended: Promise<void>
  /** Ends it; with a state file, that is written first. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a chain of one's own on this machine.
 *
 * @param port 0 takes a free one
 * @param flags anvil's own
 * @throws DeployError `CHAIN_NOT_STARTED`, with what anvil said
 */
export async function startAnvilProcess({
  port = 0,
  flags = [],
}: {
  readonly port?: number
  readonly flags?: readonly string[]
} = {}): Promise<AnvilProcess> {
  const child = spawn(
    findAnvil(),
    [
      ...['--host', '127.0.0.1', '--port', String(port), '--hardfork', 'prague', '--mnemonic', DEV_MNEMONIC],
      ...flags,
    ],
    // Its own process group: Ctrl-C reaches us alone, and we stop it in order.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let seen = ''
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(timer)
      reject(notStarted(what, seen, cause))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`said nothing about its port within ${START_TIMEOUT_MS} ms`)
    }, START_TIMEOUT_MS)
    child.once('error', (cause) => fail(cause.message, cause))
    child.once('exit', (code) => fail(`ended with code ${code}`))
    const listen = (text: string): void => {
      seen += text
      const address = /Listening on (\S+)/.exec(seen)?.[1]
      if (address === undefined) return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      // What it goes on to print is read and dropped, or the pipes would fill.
      for (const pipe of [child.stdout, child.stderr]) pipe.removeAllListeners('data').resume()
      resolve(`http://${address}`)
    }
    for (const pipe of [child.stdout, child.stderr]) pipe.setEncoding('utf8').on('data', listen)
  })
  return {
    url,
    pid: child.pid!, // it listens, so it was started
    ended,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** @throws DeployError `CHAIN_NOT_STARTED` where npm did not install it */
function findAnvil(): string {
  try {
    return foundryBinary('anvil')
  } catch (cause) {
    throw new DeployError('The local chain did not start: anvil is not installed.', {
      cause,
      data: { code: 'CHAIN_NOT_STARTED', said: '' },
      metaMessages: [cause instanceof Error ? cause.message : String(cause)],
    })
  }
}

function notStarted(what: string, said: string, cause?: unknown): DeployError {
  const words = said.trim().split('\n').slice(-3).join(' ').slice(0, 500)
  return new DeployError(`The local chain did not start: anvil ${what}.`, {
    cause,
    data: { code: 'CHAIN_NOT_STARTED', said: words },
    metaMessages: [...(words === '' ? [] : [`It said: ${words}`]), 'Is the port taken by another program?'],
  })
}
