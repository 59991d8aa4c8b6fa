import { beforeEach, expect, it } from 'vitest'
import type { Payer } from '../../../edge/budget/port.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { FEEDBACK_MOST } from '../../../edge/ledger/bounds.ts'
import type { FeedbackStore } from '../../../edge/ledger/feedback.ts'
import { createDrains, createScheduledDrain, type LedgerStores } from '../../../edge/ledger/scheduled.ts'
import { createUpstashFeedback } from '../../../edge/ledger/upstash-feedback.ts'
import { ADA, BOB, running, usageEvent } from '../../fixtures/each-postgres.ts'
import { readLog } from '../../fixtures/log.ts'
import { describeOneRedis } from '../budget/each-redis.ts'

const ACT = { actor: 'root', action: 'account.suspend', target: 'ada', reason: undefined, detail: {} }

describeOneRedis('feedback on its way to the ledger', (redis) => {
  const postgres = running()
  let stores: LedgerStores
  let store: FeedbackStore
  let ada: string
  let bob: string
  beforeEach(() => {
    const { url, token } = redis.local()
    const supabase = { url: postgres.local().url, key: postgres.local().secretKey }
    stores = { redis: { url, token, takenOverMs: 0 }, supabase, fetch, now: Date.now }
    store = createUpstashFeedback({ url, token, timeoutMs: 20_000 })
    ada = postgres.account(ADA)
    bob = postgres.account(BOB)
  })
  const by = (account: string): Payer => ({ account, issuedAt: 2_000_000_000 })
  const drain = () => createDrains(stores).drainFeedback()
  const record = (...events: object[]) => postgres.service().rpc('record_usage_events', { events })
  const rows = () =>
    postgres.local()
      .owner`select account_id, request_id, rating, comment, confirmed from twohop.feedback order by id`
  const counted = async (client = postgres.service()) =>
    (
      await client
        .from('feedback_by_version')
        .select('model, model_version, good, bad')
        .order('model_version')
    ).data

  it('is stored once for a request, the newest, and counts by version', async () => {
    await record(
      usageEvent('r1', ada, { model_version: 'v1' }),
      usageEvent('r2', ada, { model_version: 'v2' }),
      usageEvent('r3', bob, { model_version: 'v2' }),
    )
    await store.keep({ requestId: 'r1', score: -1, text: 'wrong' }, by(ada))
    await store.keep({ requestId: 'r1', score: 1, text: '' }, by(ada))
    await store.keep({ requestId: 'r2', score: -1, text: 'cut off ✂' }, by(ada))
    await store.keep({ requestId: 'r3', score: 1, text: '' }, by(bob))
    expect(await drain()).toMatchObject({ recorded: 3, duplicates: 1, buried: 0, ended: 'empty' })
    expect(await rows()).toEqual(
      [
        { account_id: ada, request_id: 'r1', rating: 1, comment: null, confirmed: true },
        { account_id: ada, request_id: 'r2', rating: -1, comment: 'cut off ✂', confirmed: true },
        { account_id: bob, request_id: 'r3', rating: 1, comment: null, confirmed: true },
      ].toSorted((a, b) => (`${a.account_id}${a.request_id}` < `${b.account_id}${b.request_id}` ? -1 : 1)),
    )
    expect(await counted()).toEqual([
      { model: 'tiny-chat', model_version: 'v1', good: 1, bad: 0 },
      { model: 'tiny-chat', model_version: 'v2', good: 1, bad: 1 },
    ])
    // A user sees what is the user's own.
    expect(await counted(await postgres.user(BOB))).toEqual([
      { model: 'tiny-chat', model_version: 'v2', good: 1, bad: 0 },
    ])
    expect(await drain()).toMatchObject({ recorded: 0, duplicates: 0 })
  })

  it("on another account's request counts nowhere, and is gone after a day; what comes before its event counts with it", async () => {
    await record(usageEvent('r1', bob, { model_version: 'v1' }))
    await store.keep({ requestId: 'r1', score: -1, text: 'a lie' }, by(ada))
    await store.keep({ requestId: 'soon', score: 1, text: '' }, by(ada))
    await drain()
    expect(await counted()).toEqual([])
    await record(usageEvent('soon', ada, { model_version: 'v1' }))
    expect((await rows()).map(({ request_id, confirmed }) => [request_id, confirmed])).toEqual([
      ['r1', false],
      ['soon', true],
    ])
    expect(await counted()).toEqual([{ model: 'tiny-chat', model_version: 'v1', good: 1, bad: 0 }])
    await postgres.local().owner`update twohop.feedback set created_at = created_at - interval '25 hours'`
    await store.keep({ requestId: 'r1', score: 1, text: '' }, by(bob))
    await drain()
    expect((await rows()).map(({ account_id, request_id }) => [account_id, request_id])).toEqual([
      [ada, 'soon'],
      [bob, 'r1'],
    ])
  })

  it('on requests that are not there is the newest 1,000 of an account, so that nobody fills the disk', async () => {
    const said = (account: string, ids: readonly string[]) => {
      const feedback = ids.map((id, at) => ({
        account_id: account,
        request_id: id,
        rating: 1,
        comment: '',
        at,
      }))
      return postgres.service().rpc('record_feedback_batch', {
        feedback: feedback.map((entry) => ({ ...entry, at: Date.now() - 10_000 + entry.at })),
      })
    }
    await record(usageEvent('r1', ada), usageEvent('r2', bob))
    await said(ada, ['r1'])
    await said(bob, ['made-up'])
    const one = { account: bob, request_id: 'r2', rating: 1 }
    expect((await postgres.service().rpc('record_feedback', one)).error).toBeNull()
    await said(
      ada,
      Array.from({ length: 1000 }, (_, i) => `made-up-${i}`),
    )
    await said(ada, ['one-more', 'and-one'])
    const kept = Map.groupBy(await rows(), ({ account_id }) => account_id)
    expect(kept.get(bob)?.map(({ request_id, confirmed }) => [request_id, confirmed])).toEqual([
      ['made-up', false],
      ['r2', true],
    ])
    const ofAda = kept.get(ada)?.map(({ request_id }) => request_id) ?? []
    expect(ofAda).toHaveLength(1001)
    expect(ofAda).toEqual(expect.arrayContaining(['r1', 'one-more', 'and-one', 'made-up-999']))
  })

  it('is not taken of who may not act, and the stream stays within its bound', async () => {
    const accounts = createUpstashAccounts({ ...redis.local(), timeoutMs: 20_000 })
    await accounts.set(ada, { status: 'suspended' }, { by: by('root'), act: ACT })
    await expect(store.keep({ requestId: 'r1', score: 1, text: '' }, by(ada))).rejects.toMatchObject({
      code: 'account_suspended',
    })
    const nobody: Payer = { key: 'k1', secretHash: 'h', scope: '' }
    await expect(store.keep({ requestId: 'r1', score: 1, text: '' }, nobody)).rejects.toMatchObject({
      code: 'key_invalid',
    })
    expect(await redis.command('EXISTS', 'twohop:feedback')).toBe(0)
    await redis.pipeline(
      Array.from({ length: FEEDBACK_MOST }, () => ['XADD', 'twohop:feedback', '*', 'account', 'x']),
    )
    await store.keep({ requestId: 'r1', score: 1, text: '' }, by(bob))
    expect(await redis.command('XLEN', 'twohop:feedback')).toBe(FEEDBACK_MOST)
  })

  it('is looked for by the scheduled run once an hour, and waits where the ledger is away', async () => {
    const at = { now: Date.UTC(2026, 10, 29, 21, 59) }
    const { log, lines } = readLog()
    const run = (supabase = stores.supabase) =>
      createScheduledDrain({
        drains: createDrains({ ...stores, supabase, now: () => at.now }),
        now: () => at.now,
        log,
      })()
    await store.keep({ requestId: 'r1', score: 1, text: '' }, by(ada))
    await run()
    at.now += 60_000
    await run({ ...stores.supabase, url: 'http://127.0.0.1:9' })
    expect(await redis.command('XLEN', 'twohop:feedback')).toBe(1)
    await run()
    expect(await redis.command('XLEN', 'twohop:feedback')).toBe(0)
    expect(lines.map(({ feedback }) => (feedback as { recorded: number } | undefined)?.recorded)).toEqual([
      undefined,
      0,
      1,
    ])
  })
})
