import { expect, it } from 'vitest'
import { describeEachPostgres } from '../../fixtures/each-postgres.ts'

const AT = Date.UTC(2026, 10, 21, 10, 59, 30)
const HOUR = 3_600_000

const act = (n: number, changes: object = {}) => ({
  stream_id: `${AT + n}-0`,
  at: AT + n,
  actor: 'root',
  action: 'account.suspend',
  target: 'ada',
  reason: null,
  detail: {},
  ...changes,
})
const account = (changes: object = {}) => ({
  id: 'ada',
  status: 'active',
  plan_id: null,
  billing_day: null,
  revoked_before: null,
  extra_units: null,
  extra_until: null,
  ...changes,
})
const key = (id: string, changes: object = {}) => ({
  key_id: id,
  account_id: 'ada',
  name: 'ci',
  prefix: `twohop_sk_${id}`,
  hash: Buffer.from(id.padEnd(32, '.')).toString('hex'),
  scopes: ['chat', 'embed'],
  made_by: null,
  created_at: AT,
  expires_at: AT + 1000 * HOUR,
  last_used_at: null,
  revoked_at: null,
  revoked_reason: null,
  ...changes,
})

describeEachPostgres('administration', (postgres) => {
  const call = async (name: string, args: object) => {
    const { data, error } = await postgres.service().rpc(name, args)
    return error ? error.code : data
  }
  const record = (acts: object[], { accounts = [] as object[], keys = [] as object[], readAt = AT } = {}) =>
    call('record_acts', { acts, accounts, keys, read_at: readAt })
  const rows = async (table: string, columns: string, order: string) =>
    (await postgres.service().from(table).select(columns).order(order)).data
  const log = () => rows('audit_log', 'stream_id,actor,action,target,reason,detail', 'id')

  it('adds acts once, in their order, and says which it had', async () => {
    const acts = [act(1), act(2, { action: 'account.plan', reason: 'paid', detail: { plan: 'pro' } })]
    expect(await record(acts)).toEqual({ recorded: 2, duplicates: 0, conflicts: [] })
    expect(await record([...acts, act(3)])).toEqual({ recorded: 1, duplicates: 2, conflicts: [] })
    const detail = { actor: 'root', target: 'ada', reason: null, detail: {} }
    expect(await log()).toEqual([
      { ...detail, stream_id: `${AT + 1}-0`, action: 'account.suspend' },
      {
        ...detail,
        stream_id: `${AT + 2}-0`,
        action: 'account.plan',
        reason: 'paid',
        detail: { plan: 'pro' },
      },
      { ...detail, stream_id: `${AT + 3}-0`, action: 'account.suspend' },
    ])
  })

  it('tells an act that contradicts what it has under that id, and keeps the first', async () => {
    await record([act(1)])
    const answer = await record([act(2), act(1, { target: 'bob' })])
    expect(answer).toEqual({ recorded: 1, duplicates: 0, conflicts: [1] })
    expect((await log())?.map((row) => (row as unknown as { target: string }).target)).toEqual(['ada', 'ada'])
  })

  it('brings accounts up to date with the acts, and takes nothing from a later reading', async () => {
    const until = AT + HOUR
    const suspended = account({ status: 'suspended', revoked_before: AT / 1000, plan_id: 'pro' })
    const granted = { billing_day: 14, extra_units: 500, extra_until: until }
    await record([act(1)], {
      accounts: [{ ...suspended, ...granted }, account({ id: 'bob' })],
      readAt: AT + 5,
    })
    const seen = () => rows('accounts', 'id,status,plan_id,revoked_before', 'id')
    const overrides = () =>
      rows('account_overrides', 'account_id,billing_day,extra_units,extra_until', 'account_id')
    const expected = [
      { id: 'ada', status: 'suspended', plan_id: 'pro', revoked_before: '2026-11-21T10:59:30+00:00' },
      { id: 'bob', status: 'active', plan_id: null, revoked_before: null },
    ]
    expect(await seen()).toEqual(expected)
    expect(await overrides()).toEqual([
      { account_id: 'ada', billing_day: 14, extra_units: 500, extra_until: '2026-11-21T11:59:30+00:00' },
    ])
    await record([act(1)], { accounts: [account()], readAt: AT })
    expect(await seen()).toEqual(expected)
    await record([act(2)], { accounts: [account()], readAt: AT + 6 })
    expect((await seen())?.[0]).toEqual({ id: 'ada', status: 'active', plan_id: null, revoked_before: null })
    expect(await overrides()).toEqual([
      { account_id: 'ada', billing_day: null, extra_units: null, extra_until: null },
    ])
  })

  it('brings keys up to date; a revoked one stays so, and takes those that it made along', async () => {
    const made = [key('k1'), key('k2', { made_by: 'k1' }), key('k3', { made_by: 'k2' }), key('k4')]
    await record([act(1)], { keys: made })
    const ended = key('k1', { revoked_at: AT + 9, revoked_reason: 'key.leaked' })
    await record([act(2)], { keys: [ended], readAt: AT + 1 })
    await record([act(3)], { keys: [key('k1', { last_used_at: AT + 3 })], readAt: AT + 2 })
    const columns = 'key_id,account_id,made_by,revoked_reason,last_used_at'
    const plain = { account_id: 'ada', made_by: null, revoked_reason: null, last_used_at: null }
    const reason = { revoked_reason: 'key.leaked' }
    expect(await rows('api_keys', columns, 'key_id')).toEqual([
      { ...plain, ...reason, key_id: 'k1', last_used_at: '2026-11-21T10:59:30.003+00:00' },
      { ...plain, ...reason, key_id: 'k2', made_by: 'k1' },
      { ...plain, ...reason, key_id: 'k3', made_by: 'k2' },
      { ...plain, key_id: 'k4' },
    ])
  })

  it('notes the last use of a key with the usage events, and never an earlier one', async () => {
    await record([act(1)], { keys: [key('k1')] })
    const event = (n: number, at: number) => ({
      ...{ request_id: `r${n}`, kind: 'charge', account_id: 'ada', model: 'm', task: 'chat', plan: 'free' },
      ...{ prompt_tokens: 1, output_tokens: 1, compute_ms: 1, units: 1, extra_units: 0, reserved_units: 1 },
      ...{ reported_units: 1, outcome: 'ok', charged_month: '2026-11', key_id: 'k1', reserved_at: at, at },
    })
    await call('record_usage_events', { events: [event(1, AT + 2000), event(2, AT + 4000)] })
    await call('record_usage_events', { events: [event(3, AT + 1000)] })
    expect(await rows('api_keys', 'last_used_at', 'key_id')).toEqual([
      { last_used_at: '2026-11-21T10:59:34+00:00' },
    ])
  })

  it.each<[string, object[], object, string]>([
    ['an actor without a name', [act(1, { actor: '' })], {}, '23514'],
    ['no time', [act(1, { at: null })], {}, '23502'],
    ['a stream id that is none', [act(1, { stream_id: 'x' })], {}, '23514'],
    ['a status that there is not', [act(1)], { accounts: [account({ status: 'gone' })] }, '23514'],
    ['a key without scopes', [act(1)], { keys: [key('k1', { scopes: [] })] }, '23514'],
    ['a key with half a hash', [act(1)], { keys: [key('k1', { hash: 'abcd' })] }, '23514'],
  ])('stores nothing at all of a batch with %s', async (_name, acts, mirror, code) => {
    expect(await record([act(0), ...acts], mirror)).toBe(code)
    expect(await log()).toEqual([])
    expect(await rows('accounts', 'id', 'id')).toEqual([])
  })

  it('takes at most a thousand acts', async () => {
    const acts = Array.from({ length: 1001 }, (_, n) => act(n))
    expect(await record(acts)).toBe('22023')
    expect(await record(acts.slice(1))).toMatchObject({ recorded: 1000 })
  })

  it('writes a plan with its line in the log, in one transaction', async () => {
    await call('set_plan', { plan: 'pro', definition: { weight: 4 }, actor: 'root' })
    expect(await call('set_plan', { plan: 'pro', definition: { weight: 5 }, actor: '' })).toBe('23514')
    expect(await rows('plans', 'id,definition', 'id')).toEqual([{ id: 'pro', definition: { weight: 4 } }])
    expect(await log()).toMatchObject([{ stream_id: null, action: 'set_plan', target: 'pro' }])
  })

  it('keeps the latest word of an account on a request', async () => {
    await call('record_feedback', { account: 'ada', request_id: 'r1', rating: -1, comment: 'wrong' })
    await call('record_feedback', { account: 'ada', request_id: 'r1', rating: 1 })
    await call('record_feedback', { account: 'bob', request_id: 'r1', rating: -1 })
    expect(await call('record_feedback', { account: 'ada', request_id: 'r2', rating: 5 })).toBe('23514')
    expect(await rows('feedback', 'account_id,rating,comment', 'account_id')).toEqual([
      { account_id: 'ada', rating: 1, comment: null },
      { account_id: 'bob', rating: -1, comment: null },
    ])
  })
})
