import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { event, last, request, stream, token } from '../../../fixtures/metered.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const opening = event({ choices: [{ index: 0, delta: { role: 'assistant' } }], usage: null })
const timed = (first_token_ms?: number) =>
  event({
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 1 },
    timing: { queue_ms: 0, compute_ms: 3, ...(first_token_ms !== undefined && { first_token_ms }) },
  })

/** A stream whose headers come after 40 ms, and that takes 960 ms more to its end. */
async function measured(pieces: string[], changes = {}) {
  const { response, firstMs } = await request(
    async () => {
      vi.setSystemTime(Date.now() + 40)
      return stream(pieces)
    },
    { changes },
  )
  const reader = response.body?.getReader()
  await reader?.read()
  vi.setSystemTime(Date.now() + 960)
  while (!(await reader?.read())?.done);
  return firstMs()
}

it("is when the host says that it came, and not when the stream's first event did", async () => {
  expect(await measured([opening, token('a', 1), timed(700), event('[DONE]')])).toEqual([700])
})

it('is when the first event came where the host does not say', async () => {
  expect(await measured([opening, token('a', 1), last(9, 1), event('[DONE]')])).toEqual([40])
})

it('is never after the end, whatever the host says', async () => {
  expect(await measured([opening, token('a', 1), timed(5_000_000), event('[DONE]')])).toEqual([1000])
})

it('is said of a stream that broke off by the count that was asked for', async () => {
  const said = { promptTokens: 9, outputTokens: 1, computeMs: 3, firstTokenMs: 30 }
  const late = () => {
    vi.setSystemTime(Date.now() + 40)
    return stream([opening], new Error('broken'))
  }
  const { response, firstMs } = await request(late, { said })
  await response.text()
  expect(await firstMs()).toEqual([30])
})

it('is not said of an answer that is no stream', async () => {
  const body = { choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }
  const headers = { 'x-timing': '{"queue_ms":0,"compute_ms":3,"first_token_ms":2}' }
  const { firstMs } = await request(() => Response.json(body, { headers }), { changes: { stream: false } })
  expect(await firstMs()).toEqual([undefined])
})
