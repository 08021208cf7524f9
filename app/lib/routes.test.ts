import { expect, it } from 'vitest'
import { pageOfPath, pinnedLayersOf } from './routes.ts'

it.each([
  ['/', 'chat'],
  ['/contribute', 'contribute'],
  ['/contribute/', 'contribute'],
  ['/network', 'network'],
  ['/race', 'race'],
  ['/details', 'details'],
  ['/Network', null],
  ['/nowhere', null],
  ['//', null],
])('%s is page %s', (path, page) => {
  expect(pageOfPath(path)).toBe(page)
})

it.each([
  ['?layers=0-4', { start: 0, end: 4 }],
  ['?a=1&layers=12-16', { start: 12, end: 16 }],
  ['?layers=0-1024', { start: 0, end: 1024 }],
  ['?layers=0-1025', null],
  ['?layers=4-4', null],
  ['?layers=5-4', null],
  ['?layers=-1-4', null],
  ['?layers=a-b', null],
  ['?layers=', null],
  ['', null],
])('%s pins %o', (search, layers) => {
  expect(pinnedLayersOf(search)).toEqual(layers)
})
