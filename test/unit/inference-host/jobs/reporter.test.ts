import { expect, test } from 'vitest'
import { type Finished, TooLarge } from '../../../../inference-host/jobs/port.ts'
import { createReporter } from '../../../../inference-host/jobs/reporter.ts'
import { settle } from '../../../fixtures/host-jobs.ts'

const large = (index: number, bytes: number): Finished => ({
  index,
  use: { promptTokens: 0, outputTokens: 0, computeMs: 0 },
  result: { json: 'x'.repeat(bytes), failed: false },
})

function reporter(answer: (finished: readonly Finished[]) => Promise<'ok'> = async () => 'ok') {
  const sent: number[][] = []
  const away: unknown[] = []
  const one = createReporter({
    async send(_number, finished) {
      sent.push(finished.map(({ index }) => index))
      return answer(finished)
    },
    instead: async (index) => ({ json: `too large: ${index}`, failed: true }),
    signal: new AbortController().signal,
    renewMs: 60_000,
    onStanding() {},
    onAway: (error) => void away.push(error),
    onChange() {},
    wait: () => new Promise(() => {}),
  })
  return { ...one, isOpen: () => one.open, sent, away }
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

test('what the store does not take is told in smaller reports, and at last as too large', async () => {
  const stored: string[] = []
  const { add, flush, isOpen, sent } = reporter(async (finished) => {
    const texts = finished.flatMap(({ result }) => result?.json ?? [])
    if (texts.join('').length > 100_000) throw new TooLarge()
    stored.push(...texts.map((text) => text.slice(0, 12)))
    return 'ok'
  })
  for (const [index, kibibytes] of [90, 90, 120, 1].entries()) add(large(index, kibibytes * 1024))
  await flush()
  expect(sent).toEqual([[0, 1, 2, 3], [0], [1], [2, 3], [2], [2, 3]])
  expect(stored).toEqual(['xxxxxxxxxxxx', 'xxxxxxxxxxxx', 'too large: 2', 'xxxxxxxxxxxx'])
  expect(isOpen()).toBe(true)
})

test('a store that takes not even an error is one that is away', async () => {
  const cause = new TooLarge()
  const { add, flush, isOpen, sent, away } = reporter(async () => {
    throw cause
  })
  add(large(0, 1024))
  void flush()
  await settle()
  expect(sent).toEqual([[0], [0]])
  expect([isOpen(), away]).toEqual([false, [cause]])
})
