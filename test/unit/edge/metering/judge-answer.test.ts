import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Finding } from '../../../../edge/guard/policy.ts'
import type { Held } from '../../../../edge/metering/held.ts'
import { createJudgeAnswer } from '../../../../edge/metering/judge-answer.ts'
import { answerJudgedWork } from '../../../../edge/parse/judged.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { event, stream, work } from '../../../fixtures/metered.ts'

const EVIL = 'evil'
const judge = (changes: object = {}) =>
  Guards.parse({ judge: { model: 'twohop-classify', label: 'BAD', every: 100, out: 'block', ...changes } })
    .judge

type Asked = {
  guard?: ReturnType<typeof judge>
  streamed?: boolean
  away?: boolean
  outputTokens?: number
  answers?: number
}

/** An answer before it is read, with what the classifier was asked; it says BAD of a piece with the word evil. */
async function judgedAnswer(
  answer: Response,
  { guard = judge(), streamed = false, away = false, outputTokens = 100, answers = 1 }: Asked = {},
) {
  const findings: Finding[] = []
  const asked: string[][] = []
  const charged = new Map<string, number>()
  const settled: unknown[] = []
  const made = answerJudgedWork(
    work({
      stream: streamed,
      request: { model: 'twohop-chat', messages: [], n: answers },
      worst: { promptTokens: 5, outputTokens, units: 1 },
    }),
    guard,
    catalog.models,
    (finding) => findings.push(finding),
  )
  const held = {
    requestId: 'r1',
    account: 'ada',
    weight: 1,
    work: made,
    chargeJudge: (units: number, call = '') => void charged.set(call, units),
    reservedComputeMs: 0,
    elapsedMs: () => 0,
    settle: (...told: unknown[]) => void settled.push(told),
  } as Partial<Held> as Held
  const judgeAnswer = createJudgeAnswer({
    host: {
      async call({ request }) {
        const { inputs } = request as { inputs: string[] }
        asked.push(inputs)
        if (away) throw new Error('away')
        const scores = inputs.map((input) => [{ label: 'BAD', score: input.includes(EVIL) ? 0.9 : 0.1 }])
        return Response.json(scores, {
          headers: { 'x-usage': JSON.stringify({ prompt_tokens: inputs.length }) },
        })
      },
      cancel: async () => undefined,
    },
    now: Date.now,
  })
  const passed = await judgeAnswer(held, answer, new AbortController().signal).catch((error: unknown) => {
    throw Object.assign(error as Error, { settled })
  })
  return { passed, asked, findings, charged, held }
}

/** The same as it leaves. */
async function judged(answer: Response, asked: Asked = {}) {
  const { passed, ...seen } = await judgedAnswer(answer, asked)
  return { text: await passed.text(), ...seen }
}

const whole = (content: string, more: object = {}) =>
  Response.json({
    id: 'c',
    choices: [{ index: 0, message: { role: 'assistant', content, ...more }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1 },
  })
const chunk = (content: string, finish: string | null = null) =>
  event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })
const streamOf = (pieces: string[]) =>
  stream([
    ...pieces.map((one) => chunk(one)),
    chunk('', 'stop'),
    event({ id: 'c', choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }),
    event('[DONE]'),
  ])
const contentOf = (text: string) =>
  [...text.matchAll(/"content":"([^"]*)"/g)].map(([, said]) => said).join('')

const GOOD = 'All is well. '.repeat(20)

it('a whole answer passes in pieces, each with the one before, in one call that is charged', async () => {
  const { text, asked, charged, findings } = await judged(whole(GOOD))
  expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: GOOD }, finish_reason: 'stop' }] })
  expect(asked).toEqual([[GOOD.slice(0, 100), GOOD.slice(0, 200), GOOD.slice(100)]])
  expect([...charged]).toEqual([['judge1', 3]])
  expect(findings).toEqual([])
})

it('one that must not be ends before the piece that says so, whatever its text stands in', async () => {
  const kept = await judged(whole(`${GOOD}${EVIL}`))
  expect(JSON.parse(kept.text).choices).toMatchObject([
    { message: { role: 'assistant', content: GOOD.slice(0, 200) }, finish_reason: 'content_filter' },
  ])
  const call = { tool_calls: [{ id: 'c1', function: { name: 'f', arguments: `{"a":"${EVIL}"}` } }] }
  for (const answer of [whole(EVIL), whole('fine', call), whole('fine', { refusal: EVIL })]) {
    const { text, findings } = await judged(answer)
    expect(text).not.toMatch(/evil|fine|well/)
    expect(JSON.parse(text).choices).toMatchObject([
      { finish_reason: 'content_filter', content_filter: { rule: 'judge' } },
    ])
    expect(findings).toEqual([{ way: 'out', rule: 'judge', blocked: true }])
  }
  const headers = { 'x-usage': '{"prompt_tokens":5,"completion_tokens":7}' }
  await expect(judged(Response.json([{ generated_text: EVIL }], { headers }))).rejects.toMatchObject({
    code: 'content_blocked',
    // It was computed.
    settled: [['ok', { promptTokens: 5, outputTokens: 7 }]],
  })
  expect((await judged(whole('fine', { reasoning_content: EVIL }))).text).not.toContain(EVIL)
})

it('each choice is judged by itself, whatever became of the one before', async () => {
  const said = [`${EVIL} one`, 'fine', `${EVIL} two`]
  const choices = said.map((content, index) => ({ index, message: { content }, finish_reason: 'stop' }))
  const { text, findings } = await judged(Response.json({ id: 'c', choices }))
  expect(text).not.toContain(EVIL)
  expect(JSON.parse(text).choices).toMatchObject([
    { index: 0, finish_reason: 'content_filter' },
    { index: 1, message: { content: 'fine' }, finish_reason: 'stop' },
    { index: 2, finish_reason: 'content_filter' },
  ])
  expect(findings).toEqual([{ way: 'out', rule: 'judge', blocked: true }])
})

it('a long answer is judged in several calls, to its end', async () => {
  const long = 'a'.repeat(130 * 100)
  const { asked, text } = await judged(whole(`${long}${EVIL}`), { outputTokens: 2000 })
  expect(asked.map((inputs) => inputs.length)).toEqual([64, 64, 3])
  expect(JSON.parse(text).choices[0].message.content).toBe(long)
  const begins = await judged(whole(`${EVIL}${long}`), { outputTokens: 2000 })
  expect(begins.asked.map((inputs) => inputs.length)).toEqual([64])
  expect((await judged(whole(long), { outputTokens: 2000 })).text).toContain(long)
})

it('a stream passes whole, whatever its chunks; nothing leaves before it is judged', async () => {
  for (const size of [1, 7, 150, 1000]) {
    const pieces = GOOD.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
    const { text, asked, held } = await judged(streamOf(pieces), { streamed: true })
    expect(contentOf(text)).toBe(GOOD)
    expect(asked.flat()).toEqual([GOOD.slice(0, 100), GOOD.slice(0, 200), GOOD.slice(100)])
    expect(text.endsWith(event('[DONE]'))).toBe(true)
    expect(text).toContain('"finish_reason":"stop"')
    expect(held.judgedOut).toBeUndefined()
  }
})

it('a stream that must not be ends before the piece that says so, and its host is not waited for', async () => {
  const pieces = [GOOD.slice(0, 100), 'more ', EVIL, GOOD, GOOD]
  const { text, held, findings } = await judged(streamOf(pieces), { streamed: true })
  expect(contentOf(text)).toBe(GOOD.slice(0, 100))
  expect(text).toContain('"finish_reason":"content_filter","content_filter":{"rule":"judge"}')
  // Whoever reads it ends it, by what the host says when it is stopped.
  expect(text).not.toContain('[DONE]')
  expect(held.judgedOut).toBe(true)
  expect(held.seenByJudge?.()).toEqual({ prompt_tokens: 5, completion_tokens: 4 })
  expect(findings).toEqual([{ way: 'out', rule: 'judge', blocked: true }])
  const short = await judged(streamOf([EVIL]), { streamed: true })
  expect(short.text).not.toContain(EVIL)
  expect(short.text).toContain('content_filter')
})

it('where the classifier is away, or more comes than is reserved, the plan decides', async () => {
  for (const streamed of [false, true]) {
    const answer = () => (streamed ? streamOf([GOOD]) : whole(GOOD))
    const blocked = await judged(answer(), { streamed, away: true })
    expect(blocked.text).not.toContain('well')
    expect(blocked.findings).toEqual([{ way: 'out', rule: 'judge_away', blocked: true }])
    const passed = await judged(answer(), { streamed, away: true, guard: judge({ on_failure: 'pass' }) })
    expect(passed.text).toContain('well')
    const tooLong = await judged(answer(), { streamed, outputTokens: 1 })
    expect(tooLong.text).toContain('content_filter')
    expect(contentOf(tooLong.text).length).toBeLessThan(GOOD.length)
    expect(tooLong.findings).toEqual([{ way: 'out', rule: 'judge_away', blocked: true }])
  }
})

it('what only flags is told of once, and passes', async () => {
  const { text, findings } = await judged(streamOf([EVIL, GOOD, EVIL, GOOD]), {
    streamed: true,
    guard: judge({ out: 'flag' }),
  })
  expect(contentOf(text)).toBe(`${EVIL}${GOOD}${EVIL}${GOOD}`)
  expect(findings).toEqual([{ way: 'out', rule: 'judge', blocked: false }])
})

it('counts what the host had said, not what has left, whether or not its last counts came with it', async () => {
  const opening = event({
    id: 'c',
    choices: [{ index: 0, delta: { content: '' } }],
    usage: { prompt_tokens: 4, completion_tokens: 0 },
  })
  const said = [chunk(GOOD.slice(0, 100)), chunk(EVIL), chunk(GOOD)]
  const inPieces = await judged(stream([opening, ...said]), { streamed: true })
  expect(inPieces.held.seenByJudge?.()).toEqual({ prompt_tokens: 4, completion_tokens: 3 })
  const closing = event({ id: 'c', choices: [], usage: { prompt_tokens: 4, completion_tokens: 70 } })
  const atOnce = await judged(stream([[opening, ...said, closing, event('[DONE]')].join('')]), {
    streamed: true,
  })
  expect(atOnce.held.seenByJudge?.()).toEqual({ prompt_tokens: 4, completion_tokens: 70 })
  // It is told once, by whoever ends the stream.
  expect(atOnce.text).not.toMatch(/"completion_tokens":70|DONE/)
})

it.each([
  ['an event without choices', event({ id: 'c', text: EVIL })],
  ['one that is no JSON', event(EVIL)],
  ['an error', event({ error: { message: EVIL } })],
  ['choices of another form', event({ choices: [EVIL] })],
  ['counts of another form', event({ choices: [], usage: { prompt_tokens: EVIL } })],
  ['one that never ends', `data: ${EVIL.repeat(20_000)}`],
])('a stream with %s breaks off behind what came before it', async (_, bad) => {
  const pieces = [`${chunk(GOOD.slice(0, 100))}${chunk('x')}${bad}${chunk(GOOD)}`, chunk(GOOD)]
  const { passed } = await judgedAnswer(stream(pieces), { streamed: true })
  const reader = passed.body?.getReader()
  const first = await reader?.read()
  expect(contentOf(new TextDecoder().decode(first?.value))).toBe(GOOD.slice(0, 100))
  await expect(reader?.read()).rejects.toMatchObject({ code: 'host_failed' })
})

it('a whole answer that is no JSON is none that could be judged', async () => {
  await expect(judged(new Response(`<p>${EVIL}`))).rejects.toMatchObject({ code: 'host_failed', settled: [] })
})

it('gives of a stream what it gives of the whole answer, whatever the chunks, each choice by itself', async () => {
  const part = fc.constantFrom('All is well. ', 'x'.repeat(60), EVIL, 'ev', 'il', '\u{1f600}', '\ud83d')
  const said = fc.array(part, { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 5 }),
      async (all, every) => {
        const events = all.flatMap((parts, index) =>
          [...parts.map((content) => ({ content })), undefined].map((delta) =>
            event({ choices: [{ index, delta: delta ?? {}, finish_reason: delta ? null : 'stop' }] }),
          ),
        )
        const pieces = [...events, event('[DONE]')]
        const reads = pieces.flatMap((_, i) => (i % every === 0 ? [pieces.slice(i, i + every).join('')] : []))
        const streamed = await judged(stream(reads), {
          streamed: true,
          outputTokens: 2000,
          answers: all.length,
        })
        const choices = all.map((parts, index) => ({
          index,
          message: { content: parts.join('') },
          finish_reason: 'stop',
        }))
        const given = await judged(Response.json({ choices }), { outputTokens: 2000 })
        type Told = { index: number; delta?: { content?: string }; finish_reason: string | null }
        const told = all.map(() => ({ content: '', finish: '' }))
        for (const [, data = ''] of streamed.text.matchAll(/^data: (\{.*)$/gm))
          for (const one of JSON.parse(data).choices as Told[]) {
            const choice = told[one.index]
            if (!choice) continue
            choice.content += one.delta?.content ?? ''
            choice.finish += one.finish_reason ?? ''
          }
        const wholeChoices = JSON.parse(given.text).choices as {
          message: { content: string }
          finish_reason: string
        }[]
        expect(told).toEqual(
          wholeChoices.map(({ message, finish_reason: finish }) => ({ content: message.content, finish })),
        )
        const isCut = all.some((parts) => parts.join('').includes(EVIL))
        expect(streamed.text.endsWith(event('[DONE]'))).toBe(!isCut)
        expect(streamed.held.judgedOut !== undefined).toBe(isCut)
      },
    ),
    { numRuns: 150 },
  )
})
