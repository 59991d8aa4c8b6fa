import { expect, it } from 'vitest'
import { createAnswerGuard } from '../../../../edge/guard/answer.ts'
import { type Finding, policyOf } from '../../../../edge/guard/policy.ts'
import { answerJudgedWork } from '../../../../edge/parse/judged.ts'
import { messagesForm } from '../../../../edge/write/messages.ts'
import { responsesForm } from '../../../../edge/write/responses.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { chunk, closing, opening } from '../../../fixtures/host-chunks.ts'
import { chat, event, request, SAID, stream, work } from '../../../fixtures/metered.ts'
import { echo } from '../../../fixtures/response-echo.ts'

const findings: Finding[] = []
const out = policyOf({ guards: Guards.parse({ pii: { out: 'block' } }) })?.out
if (!out) throw new Error('there is a guard')
const guard = createAnswerGuard(out, { answers: 1, writing: 'plain' }, (finding) => findings.push(finding))

const SENT = ['Ask ', 'ann@exa', 'mple.com', ', she ', 'knows'].map((content) => event(chunk({ content })))
const answer = () =>
  stream([event(opening()), ...SENT, event(chunk({}, { usage: null })), event(closing(5)), event('[DONE]')])

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
  // The prompt's 9 tokens were said by the opening; one token for each chunk since.
  expect(counted).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 4 } })
  expect(await settled()).toMatchObject({ outcome: 'ok', promptTokens: 9, outputTokens: 5 })
  expect(host.cancel).toHaveBeenCalledTimes(1)
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
])('a stream of %s says it in its own words', async (_, form, said) => {
  const { response, settled } = await request(answer, { changes: { guard, form }, said: SAID })
  const text = await response.text()
  expect(text).toMatch(said)
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

it('what a classifier blocks in an answer is charged with the classifier, and the host is stopped', async () => {
  const judge = Guards.parse({ judge: { model: 'twohop-classify', label: 'BAD', out: 'block' } }).judge
  const { answerJudged } = answerJudgedWork(work({ includeUsage: true }), judge, catalog.models, (finding) =>
    findings.push(finding),
  )
  const bad = () =>
    Response.json([[{ label: 'BAD', score: 1 }]], {
      headers: { 'x-usage': JSON.stringify({ prompt_tokens: 7 }) },
    })
  const { response, settled, host } = await request(
    (_, { requestId }) => (requestId === 'r1' ? answer() : bad()),
    {
      changes: { answerJudged, includeUsage: true },
      said: SAID,
    },
  )
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
  ['responses', responsesForm(echo), /"incomplete_details":\{"reason":"content_filter"\}/],
  ['messages', messagesForm('twohop-chat'), /"stop_reason":"refusal"/],
])('a stream of %s that comes at once is ended by a classifier in its own words', async (_, form, said) => {
  const judge = Guards.parse({ judge: { model: 'twohop-classify', label: 'BAD', out: 'block' } }).judge
  const { answerJudged } = answerJudgedWork(work(), judge, catalog.models, () => {})
  const { response, settled } = await request(
    async (__, { requestId }) =>
      requestId === 'r1'
        ? new Response(await answer().text())
        : Response.json([[{ label: 'BAD', score: 1 }]], { headers: { 'x-usage': '{"prompt_tokens":7}' } }),
    { changes: { answerJudged, form }, said: SAID },
  )
  const text = await response.text()
  expect(text).toMatch(said)
  expect(text).not.toMatch(/ann@|knows|event: error/)
  expect(await settled()).toMatchObject({ outcome: 'ok', outputTokens: 5 })
})
