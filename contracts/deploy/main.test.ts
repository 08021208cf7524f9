import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { devDollarAbi } from '../generated/DevDollar.ts'
import { devDollarBytecode } from '../generated/bytecode/DevDollar.ts'
import { startAnvil, type Anvil } from './anvil.fixture.ts'
import { CONTRACT_NAMES } from './deployment.ts'

/** Starting Node, and some sixty transactions; measured 3 to 9 s on two cores. */
const SLOW = 120_000
/** Of anvil's first account, whose mnemonic everybody knows. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], key?: string): Promise<Run> {
  const script = fileURLToPath(new URL('main.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
      env: { ...process.env, DEPLOYER_KEY: key },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => (stdout += String(text)))
    child.stderr.on('data', (text) => (stderr += String(text)))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

describe('npm run deploy:contracts', () => {
  let anvil: Anvil
  let folder: string
  let options: string[]
  beforeAll(async () => {
    anvil = await startAnvil(['--enable-tx-gas-limit'])
    folder = mkdtempSync(join(tmpdir(), 'deploy-'))
    const hash = await anvil.wallet(3).deployContract({ abi: devDollarAbi, bytecode: devDollarBytecode })
    const { contractAddress } = await anvil.publicClient.waitForTransactionReceipt({ hash })
    const settings = {
      guardian: anvil.wallet(1).account.address,
      founders: anvil.wallet(2).account.address,
      quoteToken: contractAddress,
      startPrice: '5000',
      unitPriceWei: '1000000000000',
      beacon: { delay: 1000, ...delayedGenerator(1000) },
    }
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings))
    options = ['--rpc', anvil.url, '--settings', join(folder, 'settings.json')]
    options.push('--record', join(folder, 'network.json'))
  }, SLOW)
  afterAll(async () => {
    await anvil.stop()
    rmSync(folder, { recursive: true })
  })

  it(
    'explains itself, and says what is wrong with a command line',
    async () => {
      expect(await run(['--help'])).toMatchObject({ code: 0, stderr: '' })
      const wrong = await run(['--rcp', 'http://127.0.0.1:1'])
      expect(wrong).toMatchObject({ code: 2, stdout: '' })
      expect(wrong.stderr).toContain("'--rcp'")
      expect((await run(options, '0x12')).stderr).toContain('DEPLOYER_KEY')
      const missing = await run([...options.slice(0, 3), join(folder, 'none.json'), ...options.slice(4)], KEY)
      expect(missing.stderr).toContain('--settings cannot be read')
      const silent = await run(['--rpc', 'http://127.0.0.1:9', ...options.slice(2)], KEY)
      expect(silent).toMatchObject({ code: 1, stdout: '' })
      expect(silent.stderr).toContain('No chain answers at http://127.0.0.1:9.')
    },
    SLOW,
  )

  it(
    'deploys, looks, hands over, and changes nothing the second time',
    async () => {
      const early = await run([...options, '--inspect'])
      expect(early.code).toBe(1)
      expect(early.stdout).toContain('Not deployed: coin.')
      const first = await run(options, KEY)
      expect(first.code, first.stderr).toBe(0)
      expect(first.stdout).toContain('Governance is still 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266.')
      const record = readFileSync(join(folder, 'network.json'), 'utf8')
      expect(await run([...options, '--inspect'])).toMatchObject({ code: 0, stderr: '' })
      const handOver = await run([...options, '--hand-over'], KEY)
      expect(handOver.stdout).toMatch(/Governance is the timelock 0x[0-9a-fA-F]{40}\.\n$/)
      const again = await run([...options, '--hand-over'], KEY)
      expect(again.code, again.stderr).toBe(0)
      expect(readFileSync(join(folder, 'network.json'), 'utf8')).toBe(record)
      expect(Object.keys((JSON.parse(record) as { contracts: object }).contracts).sort()).toEqual(
        [...CONTRACT_NAMES].sort(),
      )
      writeFileSync(join(folder, 'network.json'), record.slice(0, 100))
      const broken = await run(options, KEY)
      expect(broken.code).toBe(1)
      expect(broken.stderr).toContain('is not JSON')
    },
    SLOW,
  )
})
