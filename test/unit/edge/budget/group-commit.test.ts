import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroupCommit } from '../../../../edge/budget/group-commit.ts'
import { type ScriptCall, scriptCall } from '../../../../shared/redis-script.ts'

const GATHER_MS = 10
const REPLY_MS = 100
const SCRIPT = { name: 's', sha: '', lua: '' }
const callOf = (id: string | number) => scriptCall(SCRIPT, [], [id])

/** The request in which something runs. What it waits for goes on only while it lives. */
const request = new AsyncLocalStorage<{ lives: () => boolean }>()

/** A clock that a test turns. */
function createClock() {
  let now = 0
  let timers: { at: number; lives: () => boolean; resolve: () => void }[] = []
  const rung: number[] = []
  return {
    now: () => now,
    /** When timers have run out so far. */
    rung: () => rung,
    wait(ms: number) {
      const lives = request.getStore()?.lives ?? (() => true)
      return new Promise<void>((resolve) => void timers.push({ at: now + ms, lives, resolve }))
    },
    waitFor(ms: number, task: Promise<unknown> | undefined) {
      const lives = request.getStore()?.lives ?? (() => true)
      return new Promise<void>((resolve) => {
        timers.push({ at: now + ms, lives, resolve })
        void task?.then(() => lives() && resolve())
      })
    },
    async goTo(end: number) {
      await settle()
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        timers = timers.filter((one) => one !== next)
        now = next.at
        rung.push(now)
        if (next.lives()) next.resolve()
        await settle()
      }
      now = end
    },
  }
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Sends calls one by one, in one tick. */
const each =
  <Reply>(send: (call: ScriptCall) => Promise<Reply>) =>
  (calls: readonly ScriptCall[]) =>
    Promise.allSettled(calls.map(send))

/** One isolate, whose requests share a group commit; what each `send` carried, and when. */
function isolate(reply: (call: ScriptCall, nth: number) => Promise<unknown>, most?: number) {
  const clock = createClock()
  const sent: { id: string; at: number }[] = []
  const commit = createGroupCommit({
    send: each((call) => {
      sent.push({ id: call.args[0] ?? '', at: clock.now() })
      return reply(call, sent.length)
    }),
    wait: clock.wait,
    waitFor: clock.waitFor,
    gatherMs: GATHER_MS,
    replyMs: REPLY_MS,
    ...(most !== undefined && { most }),
  })
  return { clock, sent, commit }
}

describe('calls of several requests', () => {
  it('that come within the wait are sent in one tick by the first, each with its own reply', async () => {
    const { clock, sent, commit } = isolate(async ({ args }) => `done ${args[0]}`)
    const first = commit(callOf(1))
    await clock.goTo(4)
    const second = commit(callOf(2))
    await clock.goTo(9)
    const third = commit(callOf(3))
    await clock.goTo(30)
    expect(await Promise.all([first, second, third])).toEqual(['done 1', 'done 2', 'done 3'])
    expect(sent).toEqual([
      { id: '1', at: 10 },
      { id: '2', at: 10 },
      { id: '3', at: 10 },
    ])
  })

  it('fail one by one', async () => {
    const { clock, commit } = isolate(async ({ args }) => {
      if (args[0] === '2') throw new Error('no')
      return args[0]
    })
    const all = Promise.allSettled([commit(callOf(1)), commit(callOf(2)), commit(callOf(3))])
    await clock.goTo(50)
    expect((await all).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
      '1',
      'no',
      '3',
    ])
  })

  it('all fail where their request does, and where it has no word of one', async () => {
    const clock = createClock()
    const replies: PromiseSettledResult<string>[][] = [[{ status: 'fulfilled', value: 'one' }]]
    const commit = createGroupCommit<string, string>({
      send: async () => replies.pop() ?? Promise.reject(new Error('away')),
      wait: clock.wait,
      waitFor: clock.waitFor,
      gatherMs: GATHER_MS,
      replyMs: REPLY_MS,
    })
    const some = Promise.allSettled([commit('a'), commit('b')])
    await clock.goTo(5000)
    expect((await some).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const none = Promise.allSettled([commit('a'), commit('b')])
    await clock.goTo(9000)
    expect(await none).toMatchObject([{ reason: { message: 'away' } }, { reason: { message: 'away' } }])
  })

  it('are sent in groups of at most so many', async () => {
    const { clock, sent, commit } = isolate(async ({ args }) => args[0], 2)
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => commit(callOf(id))))
    await clock.goTo(50)
    expect(await all).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(sent).toHaveLength(5)
  })

  it('have one timer for all, which the first has, but for the one that ends their wait', async () => {
    const { clock, commit } = isolate(async ({ args }) => args[0])
    const all = Promise.all(['a', 'b', 'c'].map((id) => commit(callOf(id))))
    await clock.goTo(GATHER_MS)
    expect(await all).toEqual(['a', 'b', 'c'])
    expect(clock.rung()).toEqual([GATHER_MS])
  })

  it('whose sender hears nothing are sent by their own requests once their own wait ends, and not before', async () => {
    // The first request sends both, and is gone before an answer: its promise never resolves.
    const { clock, sent, commit } = isolate(({ args }, nth) =>
      nth <= 2 ? new Promise(() => {}) : Promise.resolve(`again ${args[0]}`),
    )
    void commit(callOf(1))
    await clock.goTo(1)
    const second = commit(callOf(2))
    await clock.goTo(GATHER_MS + REPLY_MS - 1)
    expect(sent.map(({ id }) => id)).toEqual(['1', '2'])
    await clock.goTo(500)
    expect(await second).toBe('again 2')
    expect(sent.filter(({ id }) => id === '2')).toHaveLength(2)
  })

  it('left by a request that ended while it waited for others are sent by the next that hears nothing', async () => {
    const { clock, sent, commit } = isolate(async ({ args }) => args[0])
    void request.run({ lives: () => false }, () => commit(callOf('left')))
    await clock.goTo(1000)
    expect(sent).toEqual([])
    const next = commit(callOf('next'))
    await clock.goTo(1000 + GATHER_MS + REPLY_MS)
    await next
    expect(sent.map(({ id }) => id)).toEqual(['left', 'next'])
  })
})

it('whoever dies or is not answered, each call of a living request is done, and a call done twice was told once', async () => {
  const requests = fc.array(
    fc.record({
      afterMs: fc.nat(15),
      /** When the request ends, whatever it waits for; never for most. */
      diesAfterMs: fc.option(fc.nat(60), { freq: 3, nil: Number.POSITIVE_INFINITY }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  const anyReplies = fc.infiniteStream(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ ms: fc.nat(20), how: fc.constant('answers' as const) }) },
      { weight: 1, arbitrary: fc.record({ ms: fc.nat(20), how: fc.constant('is silent' as const) }) },
    ),
  )
  await fc.assert(
    fc.asyncProperty(requests, anyReplies, async (plan, replies) => {
      const clock = createClock()
      /** Times that the store did a call: like the settlement's script, it takes effect once. */
      const done = new Map<string, number>()
      const firsts: number[] = []
      const commit = createGroupCommit({
        send: each(async ({ args: [id = ''] }) => {
          const first = !done.has(id)
          done.set(id, (done.get(id) ?? 0) + 1)
          const { ms, how } = replies.next().value
          await clock.wait(ms)
          if (how === 'is silent') await new Promise(() => {})
          return first
        }),
        wait: clock.wait,
        waitFor: clock.waitFor,
        gatherMs: GATHER_MS,
        replyMs: REPLY_MS,
        most: 3,
      })
      let at = 0
      const living: string[] = []
      for (const [id, { afterMs, diesAfterMs }] of plan.entries()) {
        at += afterMs
        await clock.goTo(at)
        const ends = at + diesAfterMs
        if (ends === Number.POSITIVE_INFINITY) living.push(String(id))
        void request.run({ lives: () => clock.now() < ends }, async () => {
          if (await commit(callOf(id))) firsts.push(id)
        })
      }
      await clock.goTo(5000)
      for (const id of living) expect(done.get(id)).toBeGreaterThan(0)
      expect(new Set(firsts).size).toBe(firsts.length)
    }),
    { numRuns: 200 },
  )
})
