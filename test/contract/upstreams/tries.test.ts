import { afterEach, beforeEach, expect, it } from 'vitest'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { OPENAI_ANSWERS, OPENAI_BROKEN, OPENAI_USAGE, openaiError } from '../../fixtures/vendors/openai.ts'
import { type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// A model whose reservation covers two tries, on the edge as it is built and a real Redis, before vendors that fail.

type Fake = Awaited<ReturnType<typeof startScripted>>

const TEXT = OPENAI_ANSWERS.text ?? { whole: {}, stream: {} }
let scripts: { first: Script; second: Script }
let first: Fake
let second: Fake
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let asks: number

beforeEach(async () => {
  scripts = { first: TEXT.whole, second: TEXT.whole }
  asks = 0
  first = await startScripted(() => scripts.first)
  second = await startScripted(() => scripts.second)
  // One that fails is left alone for a second, so each request of a test has upstreams of its own.
  const numbers = Array.from({ length: 4 }, (_, n) => n)
  edge = await startUpstreamEdge({
    upstreams: numbers.flatMap((n) => [
      { id: `first-${n}`, kind: 'openai', url: `${first.url}/v1`, timeout_ms: 2000 },
      { id: `second-${n}`, kind: 'openai', url: `${second.url}/v1` },
    ]),
    models: numbers.flatMap((n) => {
      const places = { upstreams: [{ id: `first-${n}` }], fallback: [{ id: `second-${n}` }] }
      return [upstreamModel(`twice-${n}`, { ...places, tries: 2 }), upstreamModel(`once-${n}`, places)]
    }),
  })
})
afterEach(async () => {
  await Promise.all([first.stop(), second.stop()])
  await edge.stop()
})
async function ask(model: 'once' | 'twice', changes: object = {}) {
  first.asked.length = second.asked.length = 0
  const answer = await edge.fetch('http://edge.example/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: `${model}-${asks++}`,
      max_tokens: 16,
      messages: [{ role: 'user', content: 'Hello' }],
      ...changes,
    }),
  })
  const text = await answer.text()
  const charged = (await edge.charged()).at(-1)
  return { status: answer.status, text, charged, asked: [first.asked.length, second.asked.length] }
}
/** What one try holds: of a prompt of five bytes with the template's overhead, and all output. */
const HELD = { prompt: 3 + 13 + 5, output: 16 }
const worst = HELD.prompt + 4 * HELD.output
const { prompt_tokens: prompt, completion_tokens: output } = OPENAI_USAGE
const counted = prompt + 4 * output

it('holds twice the worst case, and charges one try where the first answers', async () => {
  const { status, charged, asked } = await ask('twice')
  expect([status, asked]).toEqual([200, [1, 0]])
  expect(charged).toEqual({ outcome: 'ok', prompt, output, units: counted, reserved: 2 * worst })
})

it.each<[string, Script]>([
  ['whose connection breaks', { dies: true }],
  ['that is late', { events: [], after: 'hang' }],
  ['that somebody on the way gave up', { status: 504, json: {} }],
  ['whose answer breaks off', { events: ['{"choices":'], after: 'break' }],
  ['that answers with something else', { json: { nonsense: true } }],
])('charges a first try %s as computed, beside the second', async (_, script) => {
  for (const stream of [false, true]) {
    scripts = { first: script, second: stream ? TEXT.stream : TEXT.whole }
    const { status, text, charged, asked } = await ask('twice', { stream })
    expect([status, asked]).toEqual([200, [1, 1]])
    expect(text).toContain('lo “the')
    expect(charged).toEqual({
      outcome: 'ok',
      prompt: HELD.prompt + prompt,
      output: HELD.output + output,
      units: worst + counted,
      reserved: 2 * worst,
    })
    // Without a reservation for both it is the last.
    scripts.second = TEXT.whole
    expect(await ask('once', { stream })).toMatchObject({
      asked: [1, 0],
      charged: { units: worst, reserved: worst },
    })
  }
})

it('charges both where both fail, and a failure that nobody bills costs nothing', async () => {
  scripts = { first: { dies: true }, second: { dies: true } }
  expect(await ask('twice')).toMatchObject({
    status: 503,
    asked: [1, 1],
    charged: { outcome: 'failed', units: 2 * worst, reserved: 2 * worst },
  })
  scripts = { first: openaiError(500), second: TEXT.whole }
  expect(await ask('twice')).toMatchObject({ status: 200, charged: { units: counted } })
  scripts = { first: { dies: true }, second: openaiError(400) }
  expect(await ask('twice')).toMatchObject({ status: 400, charged: { units: worst } })
})

it('asks nobody else once an answer has begun', async () => {
  scripts.first = OPENAI_BROKEN['a connection that breaks'] ?? {}
  const { status, text, charged, asked } = await ask('twice', { stream: true })
  expect([status, asked]).toEqual([200, [1, 0]])
  expect(text).toContain('"error"')
  expect(charged).toMatchObject({ outcome: 'failed', reserved: 2 * worst })
  expect(charged?.units).toBeLessThanOrEqual(worst)
  // Nothing stays held of either.
  expect(await edge.stored('ZCARD', 'twohop:open')).toBe(0)
})
