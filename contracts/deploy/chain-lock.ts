import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { DeployError } from './deploy-error.ts'

const POLL_MS = 20

/** What the lock file of a chain's folder says: who runs the chain, and the chain itself. */
interface Lock {
  readonly ownerPid: number
  readonly chainPid: number
}

/** Writes down that this process runs the chain `chainPid`; {@link releaseChain} takes it back. */
export async function holdChain(file: string, chainPid: number): Promise<void> {
  const lock: Lock = { ownerPid: process.pid, chainPid }
  await writeFile(file, JSON.stringify(lock))
}

export async function releaseChain(file: string): Promise<void> {
  await rm(file, { force: true })
}

/**
 * Makes sure that nobody else writes the folder's state. A chain whose owner was killed lives on, and is ended here.
 *
 * @returns True if one was left over
 * @throws DeployError `CHAIN_IN_USE` while its owner runs
 */
export async function endLeftOverChain(file: string): Promise<boolean> {
  const lock = await readLock(file)
  if (lock === undefined) return false
  if (isAlive(lock.ownerPid)) {
    throw new DeployError(`Process ${lock.ownerPid} runs a local chain on the same data.`, {
      data: { code: 'CHAIN_IN_USE', ownerPid: lock.ownerPid },
      metaMessages: [
        'Two chains cannot share a folder.',
        'Stop the other one, or name another folder with --data.',
      ],
    })
  }
  const isLeftOver = await isAnvil(lock.chainPid)
  if (isLeftOver) {
    process.kill(lock.chainPid, 'SIGTERM')
    // It writes its state and goes; measured in tens of milliseconds.
    while (isAlive(lock.chainPid)) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  await releaseChain(file)
  return isLeftOver
}

async function readLock(file: string): Promise<Lock | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined // anything thrown may lack a code
    throw error
  }
  const match = /^\{"ownerPid":(\d+),"chainPid":(\d+)\}$/.exec(text)
  // Cut off in writing: whoever wrote it is gone.
  return match === null ? undefined : { ownerPid: Number(match[1]), chainPid: Number(match[2]) }
}

/** A number can have gone to another program since. */
async function isAnvil(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'command='])
  return /\banvil\b/.test(stdout)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return false // anything thrown may lack a code
    throw error
  }
}
