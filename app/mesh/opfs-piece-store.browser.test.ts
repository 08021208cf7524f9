import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openInChromium } from '../../shared/engine/chromium.suite.ts'

const HASH = 'a'.repeat(64)
const MIB = 2 ** 20

describe('OpfsPieceStore in the private file system of Chromium', () => {
  let page: Page
  let close: () => Promise<void>

  beforeAll(async () => {
    const entry = fileURLToPath(new URL('piece-store-page.fixture.ts', import.meta.url))
    ;({ page, close } = await openInChromium(entry))
  })
  afterAll(() => close())
  beforeEach(async () => {
    // The folder is there from the second test on; a fresh page has no store with memories of it.
    await page.evaluate('removeAll().catch((error) => { if (error.name !== "NotFoundError") throw error })')
    await reload()
  })

  async function reload(): Promise<void> {
    await page.reload()
    await page.waitForFunction('globalThis.isReady === true')
  }
  const run = (call: string): Promise<unknown> => page.evaluate(call)

  it('knows no piece before one is written, and gives it back after a reload', async () => {
    expect(await run(`has('${HASH}')`)).toBe(false)
    expect(await run(`read('${HASH}')`)).toBeNull()
    expect(await run(`write('${HASH}', 7, ${MIB})`)).toBeNull()
    await reload()
    expect(await run(`has('${HASH}')`)).toBe(true)
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: MIB, values: [7] })
    expect(await run(`has('${'b'.repeat(64)}')`)).toBe(false)
  })

  it('replaces a damaged piece as a whole, whichever is longer', async () => {
    await run(`write('${HASH}', 1, 3_000)`)
    expect(await run(`write('${HASH}', 2, 1_000)`)).toBeNull()
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 1_000, values: [2] })
    expect(await run(`write('${HASH}', 3, 2_000)`)).toBeNull()
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 2_000, values: [3] })
  })

  it('has nothing of a piece whose page closed in the middle of the first write', async () => {
    await run(`beginWrite('${HASH}', 1, 1_000)`)
    await reload()
    expect(await run(`has('${HASH}')`)).toBe(false)
    expect(await run(`read('${HASH}')`)).toBeNull()
    expect(await run(`write('${HASH}', 2, 1_000)`)).toBeNull()
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 1_000, values: [2] })
  })

  it('still has the old piece when a page closed in the middle of replacing it', async () => {
    await run(`write('${HASH}', 1, 500)`)
    await run(`beginWrite('${HASH}', 2, 1_000)`)
    await reload()
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 500, values: [1] })
  })

  it('keeps one whole piece when several tabs write it at once', async () => {
    expect(await run(`writeTogether('${HASH}', [1, 2, 3, 4], ${MIB})`)).toEqual([null, null, null, null])
    const found = (await run(`read('${HASH}')`)) as { sizeBytes: number; values: number[] } // as `read` returns it
    expect(found.sizeBytes).toBe(MIB)
    expect(found.values).toHaveLength(1)
  })

  it.each(['overwritten', 'removed'])(
    'takes a piece that is %s under the read for missing',
    async (change) => {
      await run(`write('${HASH}', 1, 1_000)`)
      expect(await run(`readWhile('${HASH}', '${change}')`)).toBeNull()
      expect(await run(`write('${HASH}', 2, 1_000)`)).toBeNull()
      expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 1_000, values: [2] })
    },
  )

  it('goes on in a new folder after the data of the site was cleared under it', async () => {
    await run(`write('${HASH}', 1, 1_000)`)
    await run('removeAll()')
    expect(await run(`read('${HASH}')`)).toBeNull()
    expect(await run(`write('${HASH}', 2, 1_000)`)).toBeNull()
    expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: 1_000, values: [2] })
  })

  it('says that the storage is refused, and tries again the next time', async () => {
    expect(await run(`openSecondTry('${HASH}')`)).toEqual([
      'UnknownError',
      'UnknownError',
      null,
      { sizeBytes: 10, values: [1] },
    ])
  })

  it('refuses a piece that the quota has no room for, leaves no trace of it and keeps the others', async () => {
    const other = 'b'.repeat(64)
    await run(`write('${other}', 1, 1_000)`)
    const before = (await run('usedBytes()')) as number // bytes, as `estimate` gives them
    const devtools = await page.context().newCDPSession(page)
    const origin = new URL(page.url()).origin
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: before + MIB })
    try {
      // Chromium says either, whichever of its processes notices first; whoever writes goes on without a store on both.
      expect(['QuotaExceededError', 'AbortError']).toContain(await run(`write('${HASH}', 2, ${4 * MIB})`))
      expect(await run(`has('${HASH}')`)).toBe(false)
      expect(await run(`read('${HASH}')`)).toBeNull()
      expect(await run(`read('${other}')`)).toEqual({ sizeBytes: 1_000, values: [1] })
      // What the refused write had put down is given back: a smaller piece fits.
      expect(await run(`write('${HASH}', 3, ${MIB / 2})`)).toBeNull()
      expect(await run(`read('${HASH}')`)).toEqual({ sizeBytes: MIB / 2, values: [3] })
    } finally {
      await devtools.send('Storage.overrideQuotaForOrigin', { origin })
    }
  })
})
