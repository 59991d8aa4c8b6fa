import { describe, expect, it } from 'vitest'
import { seeded } from '../../../../bench/seeded.ts'
import type { Place, Routes } from '../../../../edge/upstream/choose.ts'
import { createHostLoad } from '../../../../edge/upstream/host-load.ts'
import {
  type HostCall,
  HostRefusal,
  NothingComputed,
  type UpstreamCaller,
} from '../../../../edge/upstream/port.ts'
import { createRouter, type Reached } from '../../../../edge/upstream/router.ts'
import { isAway } from '../../../../edge/upstream/upstream-breaker.ts'
import { createBreaker, ServiceAway } from '../../../../shared/breaker.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { hostCall } from '../../../fixtures/host-call.ts'
import { unreadLog } from '../../../fixtures/log.ts'

type Answer = (call: HostCall, n: number) => Promise<Response> | Response

const busy = (retryAfterMs?: number) =>
  new HostRefusal('host_busy', 'busy', { ...(retryAfterMs && { retryAfterMs }) }, 0)
const unreached = () => new NothingComputed('host_unavailable', 'nobody there')
const broken = () => new TwohopError('host_unavailable', 'broke')
const ok = () => new Response('{}')
const fail = (error: () => Error) => () => {
  throw error()
}

/** A router to upstreams that answer so. Everything that was asked, in order; the clock goes on by pauses alone. */
function world(
  answers: Record<string, Answer>,
  {
    own = false,
    fallback = [] as string[],
    weights = {} as Record<string, number>,
    timeoutMs = undefined as number | undefined,
    leaves = false,
  } = {},
) {
  const clock = { ms: 1000 }
  const asked: string[] = []
  const pauses: number[] = []
  const now = () => clock.ms
  const calls: HostCall[] = []
  const hostOf = (id: string, answer: Answer = ok): UpstreamCaller => ({
    async call(received) {
      asked.push(id)
      calls.push(received)
      return answer(received, asked.filter((one) => one === id).length)
    },
    async countTokens(received) {
      asked.push(`${id} count`)
      await answer(received as unknown as HostCall, asked.length)
      return 7
    },
    async cancel({ model, requestId }) {
      asked.push(`${id} cancel ${requestId} ${model}`)
      return { promptTokens: 1, outputTokens: 2, computeMs: 3 }
    },
    async usage({ model, requestId }) {
      asked.push(`${id} usage ${requestId} ${model}`)
      return { promptTokens: 1, outputTokens: 2, computeMs: 3 }
    },
    async wake({ model }) {
      asked.push(`${id} wake ${model}`)
    },
  })
  const upstreams = new Map(
    Object.entries(answers).map(([id, answer]): [string, Reached] => {
      const breaker = createBreaker({ now, isSilence: isAway, most: 2, probeMs: 1000 })
      return [
        id,
        {
          host: hostOf(id, answer),
          timeoutMs,
          load: createHostLoad(now),
          guard: breaker.run,
          watch: breaker.watch,
        },
      ]
    }),
  )
  const place = (id: string): Place => ({ id, model: `chat at ${id}`, weight: weights[id] ?? 1, own })
  const routes: Routes = {
    drawn: Object.keys(answers)
      .filter((id) => !fallback.includes(id))
      .map(place),
    fallback: fallback.map(place),
  }
  const router = createRouter({
    routesOf: ({ model }) => (model === 'chat' ? routes : undefined),
    upstreams,
    own: hostOf('HOST_URL'),
    now,
    random: seeded(5),
    pause: async (ms) => {
      if (leaves) throw new DOMException('The client has gone.', 'AbortError')
      pauses.push(ms)
      clock.ms += ms
    },
    log: unreadLog,
  })
  const call = (changes: Partial<HostCall> = {}) =>
    router.call(hostCall(changes)).then(
      ({ status }) => status,
      (error: unknown) => (error instanceof TwohopError ? error.code : error),
    )
  return { router, call, asked, calls, pauses, clock, upstreams }
}

describe('a call', () => {
  it('goes to the host of HOST_URL where its model names no upstream', async () => {
    const { router, asked } = world({ a: ok })
    await router.call(hostCall({ model: 'other' }))
    await router.cancel({ requestId: 'r1', account: 'ada', model: 'other', scope: 'chat' })
    expect(asked).toEqual(['HOST_URL', 'HOST_URL cancel r1 other'])
  })

  it('has the name that its model has there', async () => {
    const [own, foreign] = [world({ a: ok }, { own: true }), world({ a: ok })]
    for (const { call } of [own, foreign]) expect(await call()).toBe(200)
    const request = { model: 'chat at a', max_tokens: 20 }
    expect(own.calls[0]).toMatchObject({ model: 'chat at a', request })
    // Its answers call the model what the client called it.
    expect(foreign.calls[0]).toMatchObject({ model: 'chat', request })
  })

  it('has placeholders in the place of what is masked for foreign upstreams alone', async () => {
    const masked = { model: 'chat', prompt: 'to [EMAIL_1]' }
    const request = { model: 'chat', prompt: 'to ann@example.com' }
    const [own, foreign] = [world({ a: ok }, { own: true }), world({ a: ok })]
    for (const { call } of [own, foreign]) expect(await call({ request, masked })).toBe(200)
    expect([own.calls[0]?.request, foreign.calls[0]?.request]).toEqual([
      { ...request, model: 'chat at a' },
      { ...masked, model: 'chat at a' },
    ])
  })

  it.each([
    ['nobody is there', unreached],
    ['it is busy', () => busy()],
    ['it starts or stops', () => new HostRefusal('host_not_ready', 'x', {}, 0)],
    ['it refuses the key', () => new NothingComputed('host_failed', 'x')],
  ])('is taken to another upstream where %s', async (_, error) => {
    const { call, asked } = world({ a: fail(error), b: ok }, { weights: { a: 1000, b: 0.001 } })
    expect(await call()).toBe(200)
    expect(asked).toEqual(['a', 'b'])
  })

  it.each([
    ['a connection broke', broken, 'host_unavailable'],
    ['it failed', () => new TwohopError('host_failed', 'x'), 'host_failed'],
    ['it came too late', () => new TwohopError('host_timeout', 'x'), 'host_timeout'],
    ['it refuses the request', () => new HostRefusal('invalid_request', 'x', {}, 0), 'invalid_request'],
  ])('is made once where %s: it may have been computed', async (_, error, code) => {
    const { call, asked } = world({ a: fail(error), b: ok }, { weights: { a: 1000, b: 0.001 } })
    expect(await call()).toBe(code)
    expect(asked).toEqual(['a'])
  })

  it('goes through the fallback in its order', async () => {
    const { call, asked } = world(
      { a: fail(unreached), b: fail(() => busy()), c: ok, d: ok },
      { fallback: ['b', 'c', 'd'] },
    )
    expect(await call()).toBe(200)
    expect(asked).toEqual(['a', 'b', 'c'])
  })

  it('is tried a second time by all after a pause, where they are busy', async () => {
    const { call, asked, pauses } = world({ a: (_, n) => (n === 1 ? fail(() => busy())() : ok()) })
    expect(await call()).toBe(200)
    expect(asked).toEqual(['a', 'a'])
    expect(pauses).toHaveLength(1)
    expect(pauses[0]).toBeLessThan(100)
  })

  it('waits as long as an upstream asks for, but never past its deadline', async () => {
    const later = world({ a: (_, n) => (n === 1 ? fail(() => busy(700))() : ok()) })
    expect(await later.call()).toBe(200)
    expect(later.pauses).toEqual([700])
    const late = world({ a: fail(() => busy(700)) })
    expect(await late.call({ deadline: 1700 })).toBe('host_busy')
    expect(late.pauses).toEqual([])
  })

  it('whose client leaves while all are busy has computed nothing', async () => {
    const { router } = world({ a: fail(() => busy()) }, { leaves: true })
    await expect(router.call(hostCall())).rejects.toBeInstanceOf(NothingComputed)
  })

  it('is made four times at most', async () => {
    const { call, asked } = world({ a: fail(() => busy()), b: fail(() => busy()), c: fail(() => busy()) })
    expect(await call()).toBe('host_busy')
    expect(asked).toHaveLength(4)
  })

  it('does not come to a host that will stop', async () => {
    const { call, asked, upstreams, clock } = world({ a: ok, b: ok }, { own: true })
    upstreams.get('a')?.load.heard('1/8; draining')
    for (let i = 0; i < 50; i++) await call({ account: `account-${i}` })
    expect(new Set(asked)).toEqual(new Set(['b']))
    clock.ms += 10_000
    for (let i = 0; i < 50; i++) await call({ account: `account-${i}` })
    expect(new Set(asked)).toEqual(new Set(['a', 'b']))
  })

  it('spreads over hosts by what they say, not by turns', async () => {
    const { call, asked, upstreams } = world({ a: ok, b: ok }, { own: true })
    for (let i = 0; i < 100; i++) {
      upstreams.get('a')?.load.heard('8/8')
      upstreams.get('b')?.load.heard('0/8')
      await call({ request: { input: ['no prefix'] } })
    }
    expect(asked.filter((id) => id === 'b')).toHaveLength(100)
  })

  it('whose answer begins late ends there', async () => {
    const hanging: Answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { call, asked } = world({ a: hanging }, { timeoutMs: 1 })
    expect(await call()).toBe('host_timeout')
    expect(asked).toEqual(['a'])
  })
})

describe('an upstream that is away', () => {
  it('is not asked again, but for one call a second that finds out whether it is back', async () => {
    const { call, asked, clock } = world({ a: fail(unreached), b: ok }, { fallback: ['b'] })
    for (let i = 0; i < 10; i++) expect(await call()).toBe(200)
    expect(asked.filter((id) => id === 'a')).toHaveLength(2)
    clock.ms += 1000
    for (let i = 0; i < 10; i++) await call()
    expect(asked.filter((id) => id === 'a')).toHaveLength(3)
  })

  it('leaves a model without another unavailable at once', async () => {
    const { call, asked } = world({ a: fail(broken) })
    expect([await call(), await call(), await call()]).toEqual(Array(3).fill('host_unavailable'))
    expect(asked).toHaveLength(2)
  })

  it('is asked all the same where it is an own host, and nobody else is there', async () => {
    const { call, asked } = world({ a: fail(broken) }, { own: true })
    for (let i = 0; i < 4; i++) expect(await call()).toBe('host_unavailable')
    expect(asked).toHaveLength(4)
  })

  it('is not one that is busy', async () => {
    const { call, asked } = world({ a: fail(() => busy(5000)) })
    for (let i = 0; i < 5; i++) expect(await call()).toBe('host_busy')
    expect(asked).toHaveLength(5)
  })
})

describe('what was sent', () => {
  const asking = { requestId: 'r1', account: 'ada', model: 'chat', scope: 'chat' }

  it('is cancelled and asked about where it went last, by its name there', async () => {
    const { router, call, asked } = world({ a: fail(unreached), b: ok }, { fallback: ['b'], own: true })
    await call()
    expect(await router.cancel(asking)).toEqual({ promptTokens: 1, outputTokens: 2, computeMs: 3 })
    await router.usage(asking)
    expect(asked.slice(-2)).toEqual(['b cancel r1 chat at b', 'b usage r1 chat at b'])
  })

  it('is cancelled nowhere where it went nowhere', async () => {
    const { router, asked } = world({ a: ok })
    expect(await router.cancel(asking)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('is forgotten a minute after its deadline', async () => {
    const { router, call, clock } = world({ a: ok })
    await call({ deadline: 5000 })
    clock.ms = 64_999
    expect(await router.cancel(asking)).toBeDefined()
    clock.ms = 65_000
    expect(await router.cancel(asking)).toBeUndefined()
  })
})

it('tokens are counted by whoever can', async () => {
  const { router, asked } = world(
    { a: fail(() => new NothingComputed('invalid_request', 'x')), b: ok },
    { fallback: ['b'] },
  )
  const { path: _, scope: __, reserved: ___, masked: ____, ...rest } = hostCall()
  expect(
    await router.countTokens({ ...rest, request: { model: 'chat', messages: [] }, promptTokens: 9 }),
  ).toBe(7)
  expect(asked).toEqual(['a count', 'b count'])
})

it('an own host of the model is told of jobs, and no other upstream', async () => {
  const foreign = world({ a: ok })
  await foreign.router.wake({ requestId: 'r1', account: 'ada', model: 'chat' })
  expect(foreign.asked).toEqual([])
  const own = world({ a: ok }, { own: true })
  await own.router.wake({ requestId: 'r1', account: 'ada', model: 'chat' })
  await own.router.wake({ requestId: 'r1', account: 'ada', model: 'other' })
  expect(own.asked).toEqual(['a wake chat at a', 'HOST_URL wake other'])
})

describe('a reservation that covers two tries', () => {
  const lostBy = () => {
    const lost: Promise<unknown>[] = []
    return { lost, spare: { lost: (used: Promise<unknown>) => void lost.push(used) } }
  }
  const late = () => new TwohopError('host_timeout', 'late')
  const unread = () => new TwohopError('host_failed', 'something else')
  const refusing = () => new HostRefusal('context_length_exceeded', 'x', {}, 0)
  const USER = { requestId: 'r1', account: 'ada', model: 'chat', scope: 'chat' }

  it('goes on where the first may have computed: it is stopped there, and told once', async () => {
    for (const error of [broken, late, unread]) {
      const { call, asked, router } = world({ a: fail(error), b: ok }, { fallback: ['b'] })
      const { lost, spare } = lostBy()
      expect(await call({ spare })).toBe(200)
      expect(asked).toEqual(['a', 'a cancel r1 chat', 'b'])
      expect(await Promise.all(lost)).toEqual([{ promptTokens: 1, outputTokens: 2, computeMs: 3 }])
      // What comes later is about the second.
      await router.cancel(USER)
      expect(asked.at(-1)).toBe('b cancel r1 chat')
    }
  })

  it('does not without it, for a refusal, after the client left, a third time, or where nobody else is', async () => {
    const { lost, spare } = lostBy()
    const fallback = ['b']
    expect(await world({ a: fail(broken), b: ok }, { fallback }).call()).toBe('host_unavailable')
    const refused = world({ a: fail(refusing), b: ok }, { fallback })
    expect(await refused.call({ spare })).toBe('context_length_exceeded')
    const signal = AbortSignal.abort()
    const left = world({ a: fail(broken), b: ok }, { fallback })
    expect(await left.call({ spare, signal })).toBe('host_unavailable')
    expect(await world({ a: fail(broken) }).call({ spare })).toBe('host_unavailable')
    expect(lost).toEqual([])
    const twice = world({ a: fail(broken), b: fail(broken), c: ok }, { fallback: ['b', 'c'] })
    expect(await twice.call({ spare })).toBe('host_unavailable')
    expect(twice.asked).toEqual(['a', 'a cancel r1 chat', 'b'])
    expect(lost).toHaveLength(1)
  })

  it('asks what was given up for nothing more, also where nobody takes the second', async () => {
    const { call, asked, router, upstreams } = world({ a: fail(late), b: ok }, { fallback: ['b'] })
    const b = upstreams.get('b')
    if (b) b.guard = () => Promise.reject(new ServiceAway('away'))
    const { lost, spare } = lostBy()
    expect(await call({ spare })).toBe('host_timeout')
    expect(await router.cancel(USER)).toBeUndefined()
    expect(asked).toEqual(['a', 'a cancel r1 chat'])
    expect(lost).toHaveLength(1)
  })

  it('whatever fails: two at most may have computed, neither is asked again, and each is told of once', async () => {
    const random = seeded(11)
    const kinds = [
      ok,
      fail(broken),
      fail(late),
      fail(unread),
      fail(unreached),
      fail(() => busy(1)),
      fail(refusing),
    ]
    const mayHaveComputed = (error: unknown) =>
      !(error instanceof NothingComputed || error instanceof HostRefusal)
    for (let round = 0; round < 500; round++) {
      const open: string[] = []
      const ids = ['a', 'b', 'c', 'd'].slice(0, 1 + Math.floor(random() * 4))
      const answerOf = (id: string) => () => {
        try {
          const said = (kinds[Math.floor(random() * kinds.length)] ?? ok)()
          open.push(id)
          return said
        } catch (error) {
          if (mayHaveComputed(error)) open.push(id)
          throw error
        }
      }
      const answers = Object.fromEntries(ids.map((id): [string, Answer] => [id, answerOf(id)]))
      const { call, router, asked } = world(answers, { fallback: ids.slice(1) })
      const { lost, spare } = lostBy()
      const said = await call({ spare })
      expect(open.length).toBeLessThanOrEqual(2)
      expect(new Set(open).size).toBe(open.length)
      // As whoever reserved does where nothing came: it asks about the last.
      if (said !== 200) await router.cancel(USER)
      const told = asked.filter((one) => one.includes('cancel')).map((one) => one.split(' ')[0])
      expect(new Set(told).size).toBe(told.length)
      for (const id of said === 200 ? open.slice(0, -1) : open) expect(told).toContain(id)
      expect(lost.length).toBeLessThanOrEqual(1)
    }
  })
})
