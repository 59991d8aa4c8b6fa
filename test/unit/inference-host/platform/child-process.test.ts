import { expect, it } from 'vitest'
import { askChild } from '../../../../inference-host/platform/child-process.ts'

const CHILD = new URL('../../../fixtures/host/ending-child.ts', import.meta.url)

it.each([
  ['its answer', { answer: 7, code: 0 }, { answer: 7 }],
  ['a code', { code: 3 }, { failure: 'ended with 3' }],
  ['a signal', { signal: 'SIGTERM' }, { failure: 'ended with SIGTERM' }],
  [
    'a lack of memory, which is no lack of time',
    { signal: 'SIGKILL' },
    { failure: 'ended with SIGKILL, as where memory ran out' },
  ],
])('a child ends with %s', async (_, request, expected) => {
  expect(await askChild(CHILD, request, 60_000)).toEqual(expected)
})

it('a child that gives no answer is ended in time', async () => {
  expect(await askChild(CHILD, {}, 1)).toEqual({ failure: 'no answer in 1 ms' })
})
