import { describe, expect, it } from 'vitest'
import { COUNTS } from '../../cli/cost/counts.ts'
import { noRedisServer } from '../fixtures/redis-server.ts'
import {
  type Answer,
  ask,
  call,
  eventually,
  hostRuns,
  newUser,
  redis,
  redisRequests,
  settledUsage,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'

/** Commands that redis-server has run, those in scripts included, without the ones that ask for this. */
async function redisCommands(): Promise<number> {
  const stats = await redis<string>('INFO', 'commandstats')
  const calls = [...stats.matchAll(/^cmdstat_(?!info)[^:]+:calls=(\d+)/gm)].map(([, count]) => Number(count))
  return calls.reduce((sum, count) => sum + count, 0)
}

/** A user whose second request of the minute is the one to be counted, with the scripts loaded. */
async function warmUser() {
  const user = await newUser('pro')
  await (await call('/v1/chat/completions', { token: user.token, body: ask('Hi', { max_tokens: 1 }) })).text()
  await settledUsage(user.token)
  return user
}

/** Does `act` and gives what `count` rose by until the settlement is in: the answer is not kept waiting for it. */
async function rise(count: () => Promise<number>, act: () => Promise<Response>, expected: number) {
  const before = await count()
  const answer = await act()
  await answer.text()
  await eventually(async () => ((await count()) - before >= expected ? true : undefined))
  // Anything more would come in the same tick; a second look at the same number is the end.
  return { rose: (await count()) - before, requestId: answer.headers.get('x-request-id') ?? '' }
}

describe('what the calculator takes a request for', () => {
  it(`is one call of the host, ${COUNTS.redisRequestsPerRequest} requests to Redis and one usage event`, async () => {
    const { token } = await warmUser()
    const { rose, requestId } = await rise(
      redisRequests,
      () => call('/v1/chat/completions', { token, body: ask('Hi', { max_tokens: 1 }) }),
      COUNTS.redisRequestsPerRequest,
    )
    expect(rose).toBe(COUNTS.redisRequestsPerRequest)
    expect(await usageEvents(requestId)).toHaveLength(1)
    await eventually(async () => ((await hostRuns([requestId])) === 1 ? true : undefined))
  })

  it.skipIf(noRedisServer !== '')(
    `is ${COUNTS.redisCommandsPerRequest} commands on redis-server, or hardly fewer in a minute's later requests${noRedisServer}`,
    async () => {
      const { token } = await warmUser()
      const asked = () => call('/v1/chat/completions', { token, body: ask('Hi', { max_tokens: 1 }) })
      const rises: number[] = []
      // The host looks for jobs now and then, in the same Redis. That can only add, and on a slow machine to most of them.
      for (let i = 0; i < 3 || (i < 20 && Math.min(...rises) > COUNTS.redisCommandsPerRequest); i += 1)
        rises.push((await rise(redisCommands, asked, COUNTS.redisCommandsPerRequest * 0.9)).rose)
      const rose = Math.min(...rises)
      expect(rose).toBeLessThanOrEqual(COUNTS.redisCommandsPerRequest)
      expect(rose).toBeGreaterThan(COUNTS.redisCommandsPerRequest * 0.9)
    },
  )

  it('is three requests to Redis a run of the cron: jobs, then the sweep, then the bounds', async () => {
    const cron = () => fetch(stack.edge.cronUrl, { method: 'POST' })
    // The first one brings the scripts' texts along in requests of their own.
    await rise(redisRequests, cron, 3)
    const { rose } = await rise(redisRequests, cron, 3)
    expect(rose).toBe(3)
  })

  it('is no more bytes than are counted, and not far fewer', async () => {
    const { token } = await warmUser()
    // The tokens that end an answer are ruled out, so that it goes on to its limit.
    const chat = (tokens: number, stream: boolean) =>
      call('/v1/chat/completions', {
        token,
        body: ask('Tell me a story', { max_tokens: tokens, stream, logit_bias: { 0: -100, 2: -100 } }),
      })
    const streamed = async (tokens: number) => {
      const answer = await chat(tokens, true)
      const headers = [...answer.headers].reduce(
        (sum, [name, value]) => sum + name.length + value.length + 4,
        0,
      )
      return headers + (await answer.arrayBuffer()).byteLength
    }
    const [one, many] = [await streamed(1), await streamed(33)]
    const perToken = (many - one) / 32
    about(perToken, COUNTS.edgeBytesPerToken)
    about(one - perToken, COUNTS.edgeBytesPerAnswer)
    const { usage } = (await (await chat(1, false)).json()) as Answer
    about(Buffer.byteLength(`,"usage":${JSON.stringify(usage)}`), COUNTS.hostBytesMorePerToken)
  })

  it.skipIf(noRedisServer !== '')(`is no more memory of Redis than is counted${noRedisServer}`, async () => {
    const { token, account } = await warmUser()
    const answer = await call('/v1/chat/completions', { token, body: ask('Hi', { max_tokens: 1 }) })
    await answer.text()
    const requestId = answer.headers.get('x-request-id') ?? ''
    await usageEvents(requestId)
    const memory = async (pattern: string) => {
      const keys = await redis<string[]>('KEYS', pattern)
      const sizes = await Promise.all(keys.map((key) => redis<number>('MEMORY', 'USAGE', key)))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    const events = await redis<number>('XLEN', 'twohop:events')
    const minute = await memory(`twohop:budget:${account}:minute:*`)
    const perAccount =
      (await memory(`twohop:budget:${account}:*`)) -
      minute +
      (await memory(`twohop:leases:${account}`)) +
      (await memory(`twohop:month:${account}`))
    const minutes = (await redis<string[]>('KEYS', `twohop:budget:${account}:minute:*`)).length
    about(minute / minutes, COUNTS.redisStorageBytesPerMinute)
    const perRequest =
      (await memory(`twohop:reservation:${requestId}`)) + (await memory('twohop:events')) / events
    about(perAccount, COUNTS.redisStorageBytesPerAccount)
    // A stream of many events takes less for each than one of few.
    about(perRequest, COUNTS.redisStorageBytesPerRecentRequest, 3)
  })
})

/** Sizes vary with names and numbers: what is counted is never less than what is seen, and not so many times as much. */
function about(seen: number, counted: number, times = 2): void {
  expect(seen).toBeLessThanOrEqual(counted)
  expect(seen).toBeGreaterThan(counted / times)
}
