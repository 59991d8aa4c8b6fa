import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CREATE_API_KEY } from '../../../edge/api-keys/create.lua.ts'
import { REVOKE_API_KEY } from '../../../edge/api-keys/revoke.lua.ts'
import { CHANGE_ACCOUNT } from '../../../edge/budget/change.lua.ts'
import { GRANT } from '../../../edge/budget/grant.lua.ts'
import { CANCEL_JOB } from '../../../edge/jobs/cancel.lua.ts'
import { ENQUEUE } from '../../../edge/jobs/enqueue.lua.ts'
import { describeOneRedis, type RunningRedis } from '../budget/each-redis.ts'
import {
  accountOf,
  askEdge,
  type Edge,
  edgeOn,
  everything,
  minted,
  publishedKeys,
  type Route,
  user,
} from './edge.ts'

// A check and the act that it permits are one step: whoever is barred between any two requests to Redis of his own act
// does nothing any more. The edge is the built one, with all that it remembers and looks at before.

const issuer = publishedKeys()
const ADA = accountOf('ada')
const EVE = accountOf('eve')

/** The scripts of acts: in one of them the caller is looked at and the act is done. */
const ACTS = [CREATE_API_KEY, REVOKE_API_KEY, ENQUEUE, CANCEL_JOB, CHANGE_ACCOUNT, GRANT]

/** Stands before Redis, and runs `before` when the `at`th request of the edge comes, before it goes on. */
function gate(redis: RunningRedis) {
  const state = { asked: 0, at: 0, before: async () => {}, act: 0 }
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    if (++state.asked === state.at) await state.before()
    // The last of them: one that answers which plan the account has is tried once more.
    if (ACTS.some(({ sha }) => body.includes(sha))) state.act = state.asked
    const { url, token } = redis.local()
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}${request.url}`, { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { state, edge: () => edgeOn({ url: url(), token: 't' }, issuer) }
}

const CHAT = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 }
const admin = (what: string) => `/v1/admin/accounts/${encodeURIComponent(EVE)}/${what}`

/** What counts a caller's requests, and what says that a request came: no act, and no answer of one. */
const COUNTERS = /^twohop:(acts|reads|idempotency|leases|open|month)/

describeOneRedis('an act whose caller is barred in the middle of it', (redis) => {
  const { state, edge } = gate(redis)
  let key: { key: string; id: string }
  let target: { id: string }
  let waiting: { id: string }
  let token: string
  /** An edge that nothing stands before. */
  let direct: Edge
  beforeAll(async () => {
    token = await minted().mintFirebase(user('ada', 'admin'))
    direct = edgeOn(redis.local(), issuer)
  })

  const acts = (): [string, Route][] => [
    ['makes a key', { method: 'POST', path: '/v1/keys', body: { name: 'n', scopes: ['chat'] } }],
    ['ends a key', { method: 'DELETE', path: `/v1/keys/${target.id}` }],
    [
      'sends a job',
      { method: 'POST', path: '/v1/jobs', body: { endpoint: '/v1/chat/completions', body: CHAT } },
    ],
    ['cancels a job', { method: 'DELETE', path: `/v1/jobs/${waiting.id}` }],
    ['suspends', { method: 'POST', path: admin('suspend'), body: {} }],
    ['restores', { method: 'POST', path: admin('restore'), body: {} }],
    ['sets a plan', { method: 'POST', path: admin('plan'), body: { plan: 'free', billing_day: 3 } }],
    ['grants', { method: 'POST', path: admin('grant'), body: { units: 5 } }],
  ]
  const bars: [string, () => Promise<unknown>, ('key' | 'token')[], string][] = [
    [
      'the key was revoked',
      () => redis.command('HSET', `twohop:key:${key.id}`, 'revoked', '1'),
      ['key'],
      'key_revoked',
    ],
    [
      'the key has ended',
      () => redis.command('HSET', `twohop:key:${key.id}`, 'expires_at', 1),
      ['key'],
      'key_expired',
    ],
    [
      'the token was revoked',
      () => redis.command('HSET', `twohop:account:${ADA}`, 'revoked_before', 9e9),
      ['token'],
      'token_revoked',
    ],
    [
      'the account was suspended',
      () => redis.command('HSET', `twohop:account:${ADA}`, 'status', 'suspended'),
      ['key', 'token'],
      'account_suspended',
    ],
  ]

  /** A key of an administrator with every scope, another to be ended, and a job that waits. */
  async function prepare() {
    await redis.command('FLUSHALL')
    await redis.command('ZADD', 'twohop:jobs-served', 9e15, 'twohop-chat')
    const headers = { authorization: `Bearer ${token}` }
    const made = async (path: string, body: object) =>
      JSON.parse((await askEdge(direct, { method: 'POST', path, body }, headers)).text)
    const asked = [
      made('/v1/keys', { name: 'n', scopes: ['keys', 'admin', 'jobs', 'chat'] }),
      made('/v1/keys', { name: 'n', scopes: ['chat'] }),
      made('/v1/jobs', { endpoint: '/v1/chat/completions', body: CHAT }),
    ] as const
    ;[key, target, waiting] = await Promise.all(asked)
  }

  /** What an act has changed: everything but counters. */
  async function effects() {
    const all = await everything(redis)
    return Object.fromEntries(Object.entries(all).filter(([name]) => !COUNTERS.test(name)))
  }

  /** Does an act with a fresh edge, which remembers nothing. */
  async function act(kind: string, by: 'key' | 'token', idempotencyKey?: string) {
    const route = acts().find(([name]) => name === kind)?.[1] ?? expect.fail(kind)
    Object.assign(state, { asked: 0, act: 0 })
    return askEdge(edge(), route, {
      authorization: `Bearer ${by === 'key' ? key.key : token}`,
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
    })
  }

  describe.each([
    'makes a key',
    'ends a key',
    'sends a job',
    'cancels a job',
    'suspends',
    'restores',
    'sets a plan',
    'grants',
  ])('%s', (kind) => {
    it.each([
      ['key', undefined],
      ['token', 'once'],
    ] as const)(
      'by a %s (idempotency key: %s): not where it is barred before the step of the act, else wholly',
      async (by, idempotencyKey) => {
        // Twice: Redis then holds the scripts, so that each run takes the same steps.
        for (let i = 0; i < 2; i++) {
          await prepare()
          state.at = 0
          const { status, text } = await act(kind, by, idempotencyKey)
          expect(status, text).toBeLessThan(300)
        }
        const { asked, act: step } = state
        expect(step).toBeGreaterThan(0)
        const everywhere = Array.from({ length: asked }, (_, i) => i + 1)
        // A suspension comes anywhere; the others come where a look before the act no longer sees them, and after it.
        const around = everywhere.filter((at) => at === step || at === step + 1)
        for (const [why, bar, whom, code] of bars.filter(([, , barred]) => barred.includes(by)))
          for (const at of whom.length > 1 ? everywhere : around) {
            await prepare()
            let before: Record<string, unknown> = {}
            state.at = at
            state.before = async () => {
              await bar()
              before = await effects()
            }
            const { status, text } = await act(kind, by, idempotencyKey)
            const where = `${why}, before request ${at} of ${asked}, where the act is the ${step}th: ${text}`
            if (at > step) {
              expect(status, where).toBeLessThan(300)
              continue
            }
            expect(status, where).toBeGreaterThan(400)
            expect(JSON.parse(text).error.code, where).toBe(code)
            expect(await effects(), where).toEqual(before)
          }
      },
    )
  })
})

describeOneRedis('a race', (redis) => {
  beforeEach(async () => {
    await redis.command('ZADD', 'twohop:jobs-served', 9e15, 'twohop-chat')
  })
  /** Some turns of the event loop, more in each round: what races begins at another step of the others. */
  async function later(round: number): Promise<void> {
    for (let turn = 0; turn < 4 * round; turn++) await new Promise(setImmediate)
  }
  const edges = () => [edgeOn(redis.local(), issuer), edgeOn(redis.local(), issuer)]

  it('of a key that makes keys with its revocation leaves none of them working, in any of ten rounds', async () => {
    const counts = { made: 0, refused: 0, working: 0 }
    for (let round = 0; round < 10; round++) {
      const [one, two] = edges()
      if (!one || !two) return expect.fail()
      const headers = {
        authorization: `Bearer ${await minted().mintFirebase(user(`u${round}`, 'developer'))}`,
      }
      const newKey = { method: 'POST', path: '/v1/keys', body: { name: 'n', scopes: ['keys', 'chat'] } }
      const parent = JSON.parse((await askEdge(one, newKey, headers)).text)
      const byParent = { authorization: `Bearer ${parent.key}` }
      const making = Array.from({ length: 12 }, (_, i) => askEdge(i % 2 ? one : two, newKey, byParent))
      await later(round)
      const [ended, ...made] = await Promise.all([
        askEdge(two, { method: 'DELETE', path: `/v1/keys/${parent.id}` }, headers),
        ...making,
      ])
      expect(ended.status).toBe(200)
      for (const { status, text } of made) {
        if (status !== 201) {
          expect(JSON.parse(text).error.code).toBe('key_revoked')
          counts.refused++
          continue
        }
        counts.made++
        const { key } = JSON.parse(text)
        const used = await askEdge(
          one,
          { method: 'GET', path: '/v1/usage' },
          { authorization: `Bearer ${key}` },
        )
        if (used.status !== 401) counts.working++
      }
    }
    expect(counts.working).toBe(0)
    expect(counts.made + counts.refused).toBe(120)
    expect(counts.made).toBeGreaterThan(0)
  })

  it('of an administrator with his suspension leaves no act of his after it, and one row for each that was answered', async () => {
    for (let round = 0; round < 10; round++) {
      await redis.command('DEL', 'twohop:audit')
      const [one, two] = edges()
      if (!one || !two) return expect.fail()
      const [bad, good] = [`bad${round}`, `good${round}`]
      const by = async (uid: string) => ({
        authorization: `Bearer ${await minted().mintFirebase(user(uid, 'admin'))}`,
      })
      const [his, ours] = [await by(bad), await by(good)]
      const granting = Array.from({ length: 12 }, (_, i) =>
        askEdge(i % 2 ? one : two, { method: 'POST', path: admin('grant'), body: { units: 1 } }, his),
      )
      await later(round)
      const suspend = `/v1/admin/accounts/${encodeURIComponent(accountOf(bad))}/suspend`
      const [ended, ...granted] = await Promise.all([
        askEdge(two, { method: 'POST', path: suspend, body: {} }, ours),
        ...granting,
      ])
      expect(ended.status, ended.text).toBe(200)
      const rows = (await redis.command<[string, string[]][]>('XRANGE', 'twohop:audit', '-', '+')).map(
        ([, words]) => `${words[3]} by ${words[1]}`,
      )
      const end = rows.indexOf(`account.suspend by ${accountOf(good)}`)
      const grants = rows.flatMap((row, i) => (row === `account.grant by ${accountOf(bad)}` ? [i] : []))
      expect(end).toBeGreaterThanOrEqual(0)
      for (const i of grants) expect(i, rows.join('\n')).toBeLessThan(end)
      expect(granted.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(grants.length)
      for (const { status, text } of granted)
        if (status !== 200) expect(JSON.parse(text).error.code).toMatch(/^(account_suspended|token_revoked)$/)
    }
  })
})
