import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

function lines(format: 'text' | 'json', minLevel: 'debug' | 'info') {
  const written: string[] = []
  const logger = createLogger({ format, minLevel, nowMs: () => 0, write: (line) => void written.push(line) })
  logger.debug('hidden at info')
  logger.warn('a thing happened', {
    count: 3,
    path: '/a/b',
    absent: undefined,
    text: 'x\nlevel=error "y"',
    no: null,
  })
  return written
}

describe('createLogger', () => {
  it('writes one line for people, and quotes what could forge another', () => {
    expect(lines('text', 'info')).toEqual([
      '1970-01-01T00:00:00.000Z warn  a thing happened count=3 path=/a/b text="x\\nlevel=error \\"y\\"" no=null',
    ])
  })

  it('writes one JSON object for machines', () => {
    const [line = ''] = lines('json', 'info')
    expect(JSON.parse(line)).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      event: 'a thing happened',
      count: 3,
      path: '/a/b',
      text: 'x\nlevel=error "y"',
      no: null,
    })
  })

  it('keeps quiet below its level', () => {
    expect(lines('json', 'debug')).toHaveLength(2)
  })
})
