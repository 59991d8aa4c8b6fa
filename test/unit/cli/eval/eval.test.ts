import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { run } from '../../../../cli/run.ts'
import { commandOf, createTyping, wordsOf } from '../../../fixtures/commands/typed.ts'
import { type Script, startScripted } from '../../../fixtures/vendors/scripted.ts'

const { typed, untyped } = createTyping(import.meta.filename)
const COMMAND = commandOf('docs/versions.md', 'npx twohop eval')

// The command before a server that answers as an edge does.

const saying = (content: string): Script => ({ json: { choices: [{ message: { content } }] } })
let fake: Awaited<ReturnType<typeof startScripted>>
let answer: (asked: string, version: string | undefined, n: number) => Script
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  fake = await startScripted(({ body, headers }, n) => {
    const { messages } = body as { messages: { content: string }[] }
    const version = headers['x-model-version']
    return answer(messages.at(-1)?.content ?? '', typeof version === 'string' ? version : undefined, n)
  })
  vi.stubEnv('TWOHOP_URL', fake.url)
  vi.stubEnv('TWOHOP_TOKEN', 'a.b.c')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await fake.stop()
  await rm(dir, { recursive: true })
})

async function evaluate(suite: object | string, words: string[] = [], signal = new AbortController().signal) {
  const file = join(dir, 'suite.json')
  await writeFile(file, typeof suite === 'string' ? suite : JSON.stringify(suite))
  const said: { out: string[]; err: string[] } = { out: [], err: [] }
  const code = await typed(COMMAND, { 'suite.json': file }, (command) =>
    run([...wordsOf(command).slice(2), ...words], {
      out: (text) => said.out.push(text),
      err: (text) => said.err.push(text),
      colour: false,
      signal,
    }),
  )
  return { code, out: said.out.join(''), err: said.err.join('') }
}
const one = (content: string, expected: object) => ({
  messages: [{ role: 'user', content }],
  expect: expected,
})
const ASKED = [
  { model: 'chat', version: 'v1' },
  { model: 'chat', version: 'v2' },
]

it('asks each version all cases, scores in every way, and fails what is below the threshold', async () => {
  answer = (asked, version) => {
    if (asked.includes('Question:'))
      return saying(asked.includes('polite') && asked.includes('Good day') ? 'Yes.' : 'no')
    if (asked === 'sum') return saying(version === 'v1' ? ' 4\n' : '5')
    if (asked === 'json') return saying(version === 'v1' ? '{"a":1}' : '{"a":')
    return saying('Good day, Ada')
  }
  const cases = [
    one('sum', { exact: '4' }),
    one('json', { json: true }),
    one('greet', { contains: ['good day', 'ADA'] }),
    one('greet', { judge: { model: 'judge', question: 'Is it polite?' } }),
    one('greet', {
      command: [
        process.execPath,
        '-e',
        'process.stdin.on("data", (d) => process.exitCode = String(d).includes("Ada") ? 0 : 1)',
      ],
    }),
    { ...one('greet', { command: ['/nowhere/at-all'] }), name: 'no program' },
  ]
  const { code, out, err } = await evaluate({ asked: ASKED, threshold: 0.8, cases }, ['--json'])
  const { results } = JSON.parse(out)
  expect(results).toMatchObject([
    { version: 'v1', good: 5, all: 6, unanswered: 0, bad: ['no program'] },
    { version: 'v2', good: 3, all: 6, unanswered: 0, bad: ['1', '2', 'no program'] },
  ])
  expect(results[0].interval[0]).toBeCloseTo(0.4365, 3)
  expect(code).toBe(1)
  expect(err).toContain('12 of 12\n')
  expect(JSON.parse(err.split('\n').at(-2) ?? '').error).toEqual({
    code: 'below_threshold',
    message: 'Below 0.8: v2.',
  })
  expect(fake.asked.every(({ body }) => body.temperature === 0)).toBe(true)
})

it('prints a table, and ends well at the threshold', async () => {
  answer = () => saying('4')
  const { code, out } = await evaluate({
    asked: ASKED.slice(0, 1),
    threshold: 1,
    cases: [one('sum', { exact: '4' })],
  })
  expect(code).toBe(0)
  expect(out).toMatch(/chat\s+v1\s+1\s+1\s+100\.0 %\s+20\.7 %\s+100\.0 %\s+0/)
})

it('waits where it came too often; what is not answered counts as bad', async () => {
  answer = (asked, _, n) =>
    n === 1
      ? {
          status: 429,
          json: { error: { code: 'rate_limited', message: 'x' } },
          headers: { 'retry-after': '1' },
        }
      : asked === 'broken'
        ? { status: 502, json: { error: { code: 'host_failed', message: 'x' } } }
        : saying('4')
  const cases = [one('sum', { exact: '4' }), one('broken', { exact: '4' })]
  const { code, out } = await evaluate({ asked: ASKED.slice(0, 1), cases }, ['--json', '--at-once', '1'])
  expect(code).toBe(0)
  expect(JSON.parse(out).results).toMatchObject([{ good: 1, all: 2, unanswered: 1, bad: ['2'] }])
})

it('ends at once where no case would fare better, and at Ctrl-C', async () => {
  answer = () => ({ status: 403, json: { error: { code: 'scope_missing', message: 'No scope.' } } })
  const cases = Array.from({ length: 50 }, () => one('sum', { exact: '4' }))
  const refused = await evaluate({ asked: ASKED, cases }, ['--at-once', '1'])
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('No scope.')])
  expect(fake.asked).toHaveLength(1)

  const interrupt = new AbortController()
  answer = () => {
    interrupt.abort()
    return saying('4')
  }
  expect((await evaluate({ asked: ASKED, cases }, [], interrupt.signal)).code).toBe(130)
  expect(fake.asked.length).toBeLessThan(10)
})

it.each([
  ['no JSON', '{', 'The suite is not JSON.'],
  [
    'an unknown field',
    { asked: ASKED, cases: [one('a', { json: true })], speed: 1 },
    'not known here; known are asked, threshold',
  ],
  ['no case', { asked: ASKED, cases: [] }, 'cases'],
])('refuses a suite with %s', async (_, suite, complaint) => {
  const { code, err } = await evaluate(suite)
  expect([code, err]).toEqual([1, expect.stringContaining(complaint)])
  expect(fake.asked).toHaveLength(0)
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
