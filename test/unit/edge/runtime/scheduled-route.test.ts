import { expect, it, vi } from 'vitest'
import { createScheduledRoute } from '../../../../edge/runtime/scheduled-route.ts'
import { type ErrorEnvelope, TwohopError } from '../../../../shared/errors.ts'
import { readLog } from '../../../fixtures/log.ts'

const SECRET = 'a-secret-of-thirty-two-characters'

function route(secret: string | undefined, scheduled = async () => {}) {
  const runs = { count: 0 }
  const { log, lines } = readLog()
  const answer = createScheduledRoute({
    secret,
    scheduled: () => {
      runs.count++
      return scheduled()
    },
    newRequestId: () => 'an-id',
    log,
  })
  return { answer, runs, lines }
}

const ask = (headers: Record<string, string> = {}, method = 'POST') =>
  new Request('https://edge.example/scheduled', { method, headers })
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })
const codeOf = async (answer: Response) => ((await answer.json()) as ErrorEnvelope).error.code

it('runs for who has the secret, and says how it ended', async () => {
  const { answer, runs } = route(SECRET)
  const done = await answer(ask(bearer(SECRET)))
  expect([done.status, await done.json(), runs.count]).toEqual([200, { outcome: 'ok' }, 1])
  const failing = route(SECRET, () => Promise.reject(new RangeError(SECRET)))
  const failed = await failing.answer(ask(bearer(SECRET)))
  expect(failed.status).toBe(500)
  expect(await failed.text()).not.toContain(SECRET)
})

it('writes a line with the id of each answer that says it failed, and none of others', async () => {
  for (const [thrown, level, code] of [
    [new RangeError(SECRET), 'error', 'internal'],
    [new TwohopError('store_unavailable', SECRET), 'warn', 'store_unavailable'],
  ] as const) {
    const { answer, lines } = route(SECRET, () => Promise.reject(thrown))
    const failed = await answer(ask(bearer(SECRET)))
    expect(failed.headers.get('x-request-id')).toBe('an-id')
    expect(lines).toEqual([
      {
        ...{ level, event: 'answer_failed', request_id: 'an-id', code },
        fault: expect.objectContaining({ class: thrown.constructor.name }),
      },
    ])
  }
  const { answer, lines } = route(SECRET)
  await answer(ask(bearer(SECRET)))
  await answer(ask(bearer('another')))
  expect(lines).toEqual([])
})

it.each([
  ['nobody', {}, 401, 'token_missing'],
  ['another secret', bearer(`${SECRET}x`), 401, 'token_signature_invalid'],
  ['a part of it', bearer(SECRET.slice(0, -1)), 401, 'token_signature_invalid'],
  ['two words', { authorization: `Bearer ${SECRET} ${SECRET}` }, 401, 'token_malformed'],
  ['another scheme', { authorization: `Basic ${SECRET}` }, 401, 'token_missing'],
])('does nothing for %s', async (_, headers, status, expected) => {
  const { answer, runs } = route(SECRET)
  const refused = await answer(ask(headers as Record<string, string>))
  expect([refused.status, await codeOf(refused), runs.count]).toEqual([status, expected, 0])
  expect(refused.headers.get('x-request-id')).toBe('an-id')
})

it('is not there by another method, nor where there is no secret', async () => {
  const { answer, runs } = route(SECRET)
  expect((await answer(ask(bearer(SECRET), 'GET'))).status).toBe(404)
  const without = route(undefined)
  for (const headers of [{}, bearer(''), bearer('undefined'), bearer(SECRET)])
    expect((await without.answer(ask(headers))).status).toBe(404)
  expect(runs.count + without.runs.count).toBe(0)
})

it('does not begin again what is under way, and begins anew afterwards', async () => {
  const gate = Promise.withResolvers<void>()
  const { answer, runs } = route(SECRET, () => gate.promise)
  // Each compares two hashes, and then asks for a run.
  const digest = vi.spyOn(crypto.subtle, 'digest')
  const both = [answer(ask(bearer(SECRET))), answer(ask(bearer(SECRET)))]
  await expect.poll(() => digest.mock.calls.length).toBe(4)
  await Promise.all(digest.mock.results.map(({ value }) => value))
  await new Promise(setImmediate)
  digest.mockRestore()
  gate.resolve()
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])
  expect(runs.count).toBe(1)
  await answer(ask(bearer(SECRET)))
  expect(runs.count).toBe(2)
})
