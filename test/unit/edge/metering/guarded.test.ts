import { describe, expect, it } from 'vitest'
import { createAnswerGuard } from '../../../../edge/guard/answer.ts'
import { type Finding, policyOf } from '../../../../edge/guard/policy.ts'
import { answerJudgedWork } from '../../../../edge/parse/judged.ts'
import type { Work } from '../../../../edge/parse/work.ts'
import type { HostUsage } from '../../../../edge/upstream/port.ts'
import { messagesForm } from '../../../../edge/write/messages.ts'
import { responsesForm } from '../../../../edge/write/responses.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { chunk, closing, opening } from '../../../fixtures/host-chunks.ts'
import { chat, event, request, SAID, stream, token, work } from '../../../fixtures/metered.ts'
import { echo } from '../../../fixtures/response-echo.ts'

const findings: Finding[] = []
const out = policyOf({ guards: Guards.parse({ pii: { out: 'block' } }) })?.out
if (!out) throw new Error('there is a guard')
const guard = createAnswerGuard(out, { answers: 1, writing: 'plain' }, (finding) => findings.push(finding))

const SENT = ['Ask ', 'ann@exa', 'mple.com', ', she ', 'knows'].map((content) => event(chunk({ content })))
const answer = () =>
  stream([event(opening()), ...SENT, event(chunk({}, { usage: null })), event(closing(5)), event('[DONE]')])

/** The output tokens that a stream tells at last, in the words of any API. */
const toldBy = (text: string) =>
  Number([...text.matchAll(/"(?:output|completion)_tokens":(\d+)/g)].at(-1)?.[1])

it('a stream ends where something is blocked: the host is stopped, and what it computed is charged', async () => {
  const { response, settled, host } = await request(answer, {
    changes: { guard, includeUsage: true },
    said: SAID,
  })
  const text = await response.text()
  expect(text).not.toMatch(/ann@|mple.com|knows/)
  const events = text
    .split('\n\n')
    .filter(Boolean)
    .map((one) => one.replace(/^data: /, ''))
  expect(events.at(-1)).toBe('[DONE]')
  const [blocked, counted] = events.slice(-3, -1).map((one) => JSON.parse(one))
  expect(blocked.choices).toMatchObject([
    { delta: {}, finish_reason: 'content_filter', content_filter: { rule: 'pii.email' } },
  ])
  // What the host says when it is stopped, as it is charged: it wrote more than had come.
  expect(counted).toMatchObject({
    id: 'chatcmpl-1',
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 },
  })
  expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 9, outputTokens: 5 })
  expect(host.cancel).toHaveBeenCalledTimes(1)
})

it.each([
  ['without choices', { ...chunk(), choices: undefined, text: 'ann@example.com' }],
  ['with choices of another form', { ...chunk(), choices: ['ann@example.com'] }],
  ['that is a text', 'ann@example.com'],
])('an event %s breaks a stream off that a guard looks through, and none of it is told', async (_, bad) => {
  const pieces = [event(opening()), event(chunk({ content: 'well ' })), event(bad), event('[DONE]')]
  const { response, settled } = await request(() => stream(pieces), { changes: { guard }, said: SAID })
  const text = await response.text()
  expect(text).toContain('"code":"host_failed"')
  expect(text).not.toContain('ann@')
  expect(await settled()).toMatchObject({ outcome: 'failed', outputTokens: 5 })
})

it('what stands beside the choices of an event, and no host says there, is left out', async () => {
  const beside = { note: 'ann@example.com' }
  const pieces = [
    event(opening()),
    event({ ...chunk({ content: 'well', finish: 'stop' }), ...beside }),
    event({ ...closing(), ...beside }),
    event('[DONE]'),
  ]
  const { response } = await request(() => stream(pieces), { changes: { guard, includeUsage: true } })
  const text = await response.text()
  expect(text).not.toContain('ann@')
  expect(text).toMatch(/"content":"well".*"completion_tokens":3/s)
  const { response: whole } = await request(
    () => Response.json({ choices: [{ message: { content: 'well' } }], ...beside }),
    { changes: { guard, stream: false } },
  )
  expect(await whole.text()).toBe('{"choices":[{"index":0,"message":{"content":"well"}}]}')
})

it('an answer kept for a repetition is the one that the client got', async () => {
  const { response, kept } = await request(answer, {
    changes: { guard },
    said: SAID,
    idempotency: { id: 'id1', fingerprint: 'f' } as never,
  })
  const text = await response.text()
  const [record] = await kept()
  expect(record?.answer).toContain(JSON.stringify(text).slice(1, -1))
  expect(record?.answer).not.toContain('ann')
})

it.each([
  ['responses', responsesForm(echo), /"incomplete_details":\{"reason":"content_filter"\}/],
  ['messages', messagesForm('twohop-chat'), /"stop_reason":"refusal"/],
])('a stream of %s says it in its own words, with what is charged', async (_, form, said) => {
  const { response, settled } = await request(answer, { changes: { guard, form }, said: SAID })
  const text = await response.text()
  expect(text).toMatch(said)
  expect(toldBy(text)).toBe(5)
  expect(text).not.toMatch(/ann@|mple.com|knows/)
  expect(await settled()).toMatchObject({ outcome: 'ok', outputTokens: 5 })
})

it('a whole answer of a task that is blocked is an error, and charged', async () => {
  const { error, settled } = await request(
    () =>
      Response.json([{ summary_text: 'ask ann@example.com' }], {
        headers: { 'x-usage': '{"prompt_tokens":9,"completion_tokens":4}' },
      }),
    { changes: { guard, stream: false } },
  )
  expect(error).toMatchObject({ code: 'content_blocked' })
  expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 9, outputTokens: 4 })
})

it('an answer that is plain text is looked through, and passed on as it is', async () => {
  const contentType = 'text/plain; charset=utf-8'
  const said = (text: string) =>
    request(
      () => new Response(text, { headers: { 'x-usage': '{"prompt_tokens":9,"completion_tokens":4}' } }),
      { changes: { guard, stream: false, contentType } },
    )
  const { response, settled } = await said('1\n00:00 --> 00:01\nask Ann\n')
  expect([await response.text(), response.headers.get('content-type')]).toEqual([
    '1\n00:00 --> 00:01\nask Ann\n',
    contentType,
  ])
  expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 9, outputTokens: 4 })
  const blocked = await said('1\n00:00 --> 00:01\nask ann@example.com\n')
  expect(blocked.error).toMatchObject({ code: 'content_blocked' })
  expect(await blocked.settled()).toMatchObject({ outcome: 'ok', promptTokens: 9, outputTokens: 4 })
})

it('what is no JSON is no answer that can be looked through', async () => {
  const { error, settled } = await request(() => new Response('<html>ann@example.com'), {
    changes: { guard, stream: false },
    said: SAID,
  })
  expect(error).toMatchObject({ code: 'host_failed' })
  expect(await settled()).toMatchObject({ outcome: 'failed', outputTokens: 5 })
})

describe('a stream that a classifier ends', () => {
  const judge = Guards.parse({ judge: { model: 'twohop-classify', label: 'BAD', out: 'block' } }).judge
  const { answerJudged } = answerJudgedWork(work({ includeUsage: true }), judge, catalog.models, () => {})
  const bad = () =>
    Response.json([[{ label: 'BAD', score: 1 }]], {
      headers: { 'x-usage': JSON.stringify({ prompt_tokens: 7 }) },
    })
  const judged = (host: () => Response | Promise<Response>, changes: Partial<Work>, said?: HostUsage) =>
    request((_, { requestId }) => (requestId === 'r1' ? host() : bad()), {
      changes: { answerJudged, ...changes },
      ...(said && { said }),
    })

  it('is charged with the classifier, and its host is stopped', async () => {
    const { response, settled, host } = await judged(answer, { includeUsage: true }, SAID)
    const text = await response.text()
    expect(text).not.toMatch(/ann@|knows/)
    expect(text).toContain('"finish_reason":"content_filter"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    const { prompt } = modelOf('twohop-classify').prices
    const { prices } = chat
    expect(await settled()).toMatchObject({
      outcome: 'ok',
      promptTokens: 9,
      outputTokens: 5,
      units: 9 * prices.prompt + 5 * prices.output + 7 * prompt,
    })
    expect(host.cancel.mock.calls).toHaveLength(1)
  })

  it.each([
    ['chat', { includeUsage: true }, /"finish_reason":"content_filter"/],
    ['responses', { form: responsesForm(echo) }, /"incomplete_details":\{"reason":"content_filter"\}/],
    ['messages', { form: messagesForm('twohop-chat') }, /"stop_reason":"refusal"/],
  ])('tells in the words of %s what it charges, once, in pieces or at once', async (_, changes, reason) => {
    const atOnce = async () => new Response(await answer().text())
    for (const host of [answer, atOnce])
      for (const said of [SAID, undefined]) {
        const { response, settled } = await judged(host, changes, said)
        const text = await response.text()
        expect(text).toMatch(reason)
        expect(text).not.toMatch(/ann@|knows|event: error/)
        const { outcome, outputTokens } = await settled()
        // Where the host cannot say afterwards, its events have said it.
        expect([outcome, outputTokens]).toEqual(['ok', 5])
        expect(toldBy(text)).toBe(5)
        if (!('form' in changes)) expect(text.match(/"usage":\{/g)).toHaveLength(1)
      }
  })

  it('has counts that look like its other events, where the host has counted nothing', async () => {
    const host = () => stream([event(chunk({ content: 'well', finish: 'stop' })), event('[DONE]')])
    const { response, settled } = await judged(host, { includeUsage: true })
    const { choices: _, ...head } = chunk()
    const usage = { prompt_tokens: 50, completion_tokens: 1, total_tokens: 51 }
    const [, counted = ''] = (await response.text()).split('\n\n')
    expect(JSON.parse(counted.slice('data: '.length))).toEqual({ ...head, choices: [], usage })
    expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 50, outputTokens: 1 })
  })

  it('and whose client leaves before anything is judged, is charged what its host had said', async () => {
    const client = new AbortController()
    const begun = () => stream([token('Hi', 1), token(' there', 17)], 'hang')
    const { response, settled } = await request(begun, { changes: { answerJudged }, client })
    const reading = response.text().catch(() => undefined)
    // Both events are with what judges them, which waits for more.
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    client.abort()
    await reading
    expect(await settled()).toMatchObject({ outcome: 'cancelled', promptTokens: 9, outputTokens: 17 })
  })

  it('tells nothing of its usage to a client that has not asked', async () => {
    const { response } = await judged(answer, {}, SAID)
    const text = await response.text()
    expect(text).not.toContain('usage')
    expect(text).toMatch(/"content_filter".*\n\ndata: \[DONE\]\n\n$/)
  })
})

describe('while the host of a stream that was cut is being stopped', () => {
  const stopping = () => {
    const stopped = Promise.withResolvers<HostUsage | undefined>()
    const asked = request(answer, { changes: { guard, includeUsage: true }, said: stopped.promise })
    return { stopped, asked }
  }

  it('the client has what was told already, and why it ends', async () => {
    const { asked, stopped } = stopping()
    const { response, settled } = await asked
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('content_filter"')) text += (await reader?.read())?.value ?? ''
    expect(text).not.toContain('DONE')
    stopped.resolve(SAID)
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) text += read.value
    expect(toldBy(text)).toBe(5)
    expect(await settled()).toMatchObject({ outcome: 'ok', outputTokens: 5 })
  })

  it('a client may leave, and what was computed is charged', async () => {
    const { asked, stopped } = stopping()
    const { response, settled, lines } = await asked
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let text = ''; !text.includes('content_filter"'); ) text += (await reader?.read())?.value ?? ''
    await reader?.cancel()
    stopped.resolve(SAID)
    expect(await settled()).toMatchObject({ outcome: 'ok', outputTokens: 5 })
    expect(lines).toEqual([])
  })

  it('a host that says more than was reserved is not believed: all of that is charged, and told', async () => {
    const { asked, stopped } = stopping()
    const { response, settled } = await asked
    stopped.resolve({ ...SAID, outputTokens: 21 })
    expect(toldBy(await response.text())).toBe(20)
    expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 50, outputTokens: 20 })
  })
})
