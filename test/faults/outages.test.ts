import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import { slowly } from '../fixtures/pace.ts'
import { redisServer } from '../fixtures/redis-server.ts'
import { ask, askUntilDone, inWords, PROMPT, type Seen, story, TOKENS } from './client.ts'
import type { EdgeProcess } from './edge.ts'
import { startChatHost } from './host.ts'
import { addRows } from './table.ts'
import { chatModel, describeWithRedis, startWorld, unitsIn, type World } from './world.ts'

/** More than a host that is slowed down has computed before it is killed. */
const LONG = 500
const HOUR = 3_600_000
const HOLD = worstCase(chatModel, [PROMPT], TOKENS).units

type User = Awaited<ReturnType<World['newUser']>>

/** Begins a request and gives, once its edge waits at a step, how it goes on. */
async function pausedAt(edge: EdgeProcess, user: User, at: string, { nth = 1, body = story(true) } = {}) {
  edge.arm({ at, nth, act: 'wait' })
  const waits = edge.waiting()
  const over = edge.reached('all done')
  const asked = ask({ url: edge.url, token: user.token, body })
  await waits
  return async (): Promise<Seen> => {
    edge.go()
    const seen = await asked
    await over
    return seen
  }
}

/** Adds the row of a fault that hit one request of a user, and gives what there was to see. */
async function judged(user: User, row: { fault: string; where: string; held: number }, seen: Seen) {
  const { used, held, leases } = await world.spending(user.account)
  const rows = await world.ledger(user.account)
  await addRows({ ...row, client: inWords(seen), charged: used, ledger: unitsIn(rows), lost: 0 })
  expect(unitsIn(rows)).toBe(used)
  expect([held, leases]).toEqual([0, 0])
  expect(await world.deadLetters()).toBe(0)
  expect(await world.overLimit()).toEqual([])
  expect((await world.reconcile()).differences).toEqual([])
  return { used, rows }
}

let world: World
let right: EdgeProcess
beforeAll(async () => {
  if (!redisServer) return
  world = await startWorld({ keeps: true })
  right = await world.startEdge()
})
afterAll(() => world?.stop())

describeWithRedis('a Redis that takes commands and answers none', () => {
  let edge: EdgeProcess
  // A new edge for each: one that has just seen Redis hang refuses for a second more.
  beforeEach(async () => {
    edge = await world.startEdge({ changed: { REDIS_TIMEOUT_MS: '2000' } })
    const { token } = await world.newUser('first')
    await askUntilDone(edge, token, story(false))
  })
  // What failed in between would leave it hanging for all who come after.
  afterEach(() => world.redis.thaw())

  it('at the reservation: refused with 503, no host is called, and what Redis does late is undone', async () => {
    const user = await world.newUser('reserve')
    const goOn = await pausedAt(edge, user, 'before reserve')
    const called = edge.steps.filter((step) => step === 'before host').length
    world.redis.freeze()
    const seen = await goOn()
    world.redis.thaw()
    await world.recovered(right)
    const where = 'reserve; answers late'
    const { used, rows } = await judged(user, { fault: 'Redis hangs', where, held: 0 }, seen)
    expect(seen).toMatchObject({ status: 503, code: 'store_unavailable' })
    expect(edge.steps.filter((step) => step === 'before host').length).toBe(called)
    expect(used).toBe(0)
    expect(rows).toMatchObject([{ outcome: 'refused', units: 0, reserved: HOLD }])
  })

  it('at the settlement: the client has its answer, and what Redis does late counts once', async () => {
    const user = await world.newUser('settle')
    const goOn = await pausedAt(edge, user, 'before settle')
    const { held } = await world.spending(user.account)
    world.redis.freeze()
    const seen = await goOn()
    world.redis.thaw()
    await world.recovered(right)
    const { used, rows } = await judged(
      user,
      { fault: 'Redis hangs', where: 'settle; answers late', held },
      seen,
    )
    expect([seen.status, seen.whole, held]).toEqual([200, true, HOLD])
    expect(rows).toMatchObject([{ outcome: 'ok', units: used }])
    expect(used).toBeGreaterThan(TOKENS)
    expect(used).toBeLessThan(HOLD)
  })

  it('at the settlement, and dies of it: nobody could report, so the hold is charged', async () => {
    const user = await world.newUser('settle and die')
    const goOn = await pausedAt(edge, user, 'before settle')
    const { held } = await world.spending(user.account)
    world.redis.freeze()
    const seen = await goOn()
    await world.redis.kill()
    await world.redis.start()
    await world.recovered(right)
    const { rows } = await judged(
      user,
      { fault: 'Redis hangs', where: 'settle; dies, keeps its log', held },
      seen,
    )
    expect([seen.status, seen.whole]).toEqual([200, true])
    expect(rows).toMatchObject([{ outcome: 'unsettled', units: HOLD }])
  })
})

describeWithRedis('an edge whose clock is wrong', () => {
  it.each([
    { name: 'an hour ahead', skewMs: HOUR, agoMs: 0, code: 'host_failed' },
    {
      name: 'an hour ahead, token of half an hour left',
      skewMs: HOUR,
      agoMs: 1.5 * HOUR,
      code: 'token_expired',
    },
    { name: 'an hour behind', skewMs: -HOUR, agoMs: 1.5 * HOUR, code: 'host_failed' },
    { name: 'an hour behind, fresh token', skewMs: -HOUR, agoMs: 0, code: 'token_not_yet_valid' },
  ])('$name: refuses, and nobody pays', async ({ name, skewMs, agoMs, code }) => {
    const edge = await world.startEdge({ skewMs })
    const user = await world.newUser(name, 'roomy', agoMs)
    const seen = await ask({ url: edge.url, token: user.token, body: story(true) })
    await world.recovered(right)
    const { used } = await judged(user, { fault: 'clock of the edge', where: name, held: 0 }, seen)
    expect([seen.code, used]).toEqual([code, 0])
    await edge.stop()
  })

  it('an hour ahead, it sweeps no hold of a request that another runs', async () => {
    const user = await world.newUser('running')
    const edge = await world.startEdge({ skewMs: HOUR })
    const goOn = await pausedAt(right, user, 'token', { nth: 3 })
    const { held } = await world.spending(user.account)
    await edge.cron()
    expect((await world.spending(user.account)).held).toBe(held)
    const seen = await goOn()
    await world.recovered(right)
    const where = 'an hour ahead, sweeps beside a request'
    const { used, rows } = await judged(user, { fault: 'clock of the edge', where, held }, seen)
    expect([seen.whole, held]).toEqual([true, HOLD])
    expect(rows).toMatchObject([{ outcome: 'ok', units: used }])
  })
})

describeWithRedis('a host that is killed', () => {
  let host: Awaited<ReturnType<typeof startChatHost>>
  // A new host for each try, since none outlives it.
  beforeEach(async () => {
    host = await startChatHost(() => {})
  })
  afterEach(() => host?.stop())

  it('charges a stream by what came of it, and an answer that never came with nothing', async () => {
    const address = { host: host.address }
    const [streaming, waiting] = await Promise.all([world.startEdge(address), world.startEdge(address)])
    const [reader, asker] = [await world.newUser('reader'), await world.newUser('asker')]
    const [waitOn, readOn] = await slowly(host.address.pace, async () => {
      const paused = [
        await pausedAt(waiting, asker, 'host at work', { body: story(false, LONG) }),
        await pausedAt(streaming, reader, 'token', { body: story(true, LONG) }),
      ] as const
      process.kill(host.address.pid, 'SIGKILL')
      return paused
    })
    const { held } = await world.spending(reader.account)
    const [read, answered] = await Promise.all([readOn(), waitOn()])
    await world.recovered(right)
    const fault = 'host killed'
    const streamed = await judged(reader, { fault, where: 'in the middle of a stream', held }, read)
    const whole = await judged(asker, { fault, where: 'before a whole answer', held }, answered)

    expect(read).toMatchObject({ status: 200, whole: false, code: 'host_failed' })
    expect(streamed.rows).toMatchObject([{ outcome: 'failed', reserved: held }])
    expect(streamed.used).toBeGreaterThan(chatModel.prices.output)
    expect(streamed.used).toBeLessThan(held)
    expect(answered).toMatchObject({ status: 503, code: 'host_unavailable' })
    expect(whole.rows).toMatchObject([{ outcome: 'failed', units: 0, reserved: held }])
    expect(held).toBe(worstCase(chatModel, [PROMPT], LONG).units)
  })
})
