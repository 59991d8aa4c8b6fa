import { expect, test } from 'vitest'
import type { Finished } from '../../../inference-host/jobs/port.ts'
import { createReporter } from '../../../inference-host/jobs/reporter.ts'
import { settle } from './fakes.ts'

const large = (index: number, bytes: number): Finished => ({
  index,
  use: { promptTokens: 0, outputTokens: 0, computeMs: 0 },
  result: { json: 'x'.repeat(bytes), failed: false },
})

function reporter(answer: () => Promise<'ok'> = async () => 'ok') {
  const sent: number[][] = []
  const one = createReporter({
    send(_number, finished) {
      sent.push(finished.map(({ index }) => index))
      return answer()
    },
    signal: new AbortController().signal,
    renewMs: 60_000,
    onStanding() {},
    onChange() {},
    wait: () => new Promise(() => {}),
  })
  return { ...one, isOpen: () => one.open, sent }
}

test('a report has at most 512 KiB of results, or a single one', async () => {
  const { add, flush, sent } = reporter()
  for (const [index, kibibytes] of [300, 200, 100, 3000, 1, 1].entries()) add(large(index, kibibytes * 1024))
  await flush()
  expect(sent).toEqual([[0, 1], [2], [3], [4, 5]])
})

test('with 8 MiB waiting nothing new is to be begun', async () => {
  const { add, isOpen } = reporter(() => new Promise(() => {}))
  add(large(0, 4 * 1024 * 1024))
  await settle()
  expect(isOpen()).toBe(true)
  add(large(1, 4 * 1024 * 1024))
  expect(isOpen()).toBe(false)
})
