import { mkdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { describeFileError, fileErrorReason } from './file-error.ts'

const failure = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => null,
    (error: unknown) => error,
  )

describe('an error of a file system', () => {
  it.each([
    ['a file that is not there', () => readFile('/nowhere/at/all'), 'it does not exist (ENOENT)'],
    [
      'a folder under a file',
      () => mkdir('/dev/null/x'),
      'a part of the path is a file and no folder (ENOTDIR)',
    ],
    ['a folder read as a file', () => readFile('/'), null],
  ])('is told in words: %s', async (_name, attempt, reason) => {
    // Reading a folder fails on the open file, and Node then names no path.
    expect(fileErrorReason(await failure(attempt()))).toBe(reason)
  })

  it('names the path and the next step', async () => {
    expect(describeFileError(await failure(mkdir('/dev/null/x')))).toBe(
      '/dev/null/x cannot be used: a part of the path is a file and no folder (ENOTDIR).\n' +
        'Name another path, or give this user the right to it.',
    )
  })

  it('keeps the code of one that has no words', () => {
    expect(fileErrorReason({ code: 'EIO', syscall: 'read', path: '/x' })).toBe('the system refuses it (EIO)')
  })

  it.each([[null], [new Error('other')], [{ code: 'ECONNREFUSED', syscall: 'connect' }]])(
    'is none of %j',
    (error) => {
      expect(describeFileError(error)).toBeNull()
    },
  )
})
