import { expect, it } from 'vitest'
import { describeEachPostgres } from './each-postgres.ts'

const hash = (digit: string) => digit.repeat(64)

describeEachPostgres('administration', (postgres) => {
  const call = async (name: string, args: object) => {
    const { data, error } = await postgres.service().rpc(name, args)
    return error ? error.code : data
  }
  const log = async () =>
    (await postgres.service().from('audit_log').select('actor,action,target,reason,detail').order('id')).data
  const key = (changes: object = {}) => ({
    account: 'ada',
    name: 'ci',
    prefix: 'thk_abcd',
    hash: hash('a'),
    scopes: ['chat', 'embed'],
    actor: 'ada',
    ...changes,
  })

  it('writes every act to the audit log, in the same transaction', async () => {
    await call('set_plan', { plan: 'pro', definition: { weight: 4 }, actor: 'root' })
    await call('set_account_status', { account: 'ada', status: 'suspended', actor: 'root', reason: 'abuse' })
    await call('set_account_plan', { account: 'ada', plan: 'pro', actor: 'root' })
    await call('set_account_overrides', { account: 'ada', overrides: { budget_day: 5 }, actor: 'root' })
    expect(await log()).toEqual([
      { actor: 'root', action: 'set_plan', target: 'pro', reason: null, detail: { weight: 4 } },
      {
        actor: 'root',
        action: 'set_account_status',
        target: 'ada',
        reason: 'abuse',
        detail: { status: 'suspended' },
      },
      { actor: 'root', action: 'set_account_plan', target: 'ada', reason: null, detail: { plan: 'pro' } },
      {
        actor: 'root',
        action: 'set_account_overrides',
        target: 'ada',
        reason: null,
        detail: { budget_day: 5 },
      },
    ])
    const { data } = await postgres.service().from('accounts').select('id,plan_id,status')
    expect(data).toEqual([{ id: 'ada', plan_id: 'pro', status: 'suspended' }])
  })

  it.each([
    ['set_account_status', { account: 'ada', status: 'gone', actor: 'root' }, '23514'],
    ['set_account_status', { account: 'ada', status: 'active', actor: '' }, '23514'],
    ['set_account_plan', { account: 'ada', plan: 'no-such', actor: 'root' }, '23503'],
    ['set_account_overrides', { account: 'ada', overrides: { budgetday: 1 }, actor: 'root' }, '22023'],
    ['set_account_overrides', { account: 'ada', overrides: { budget_day: -1 }, actor: 'root' }, '23514'],
    ['create_api_key', key({ scopes: [] }), '23514'],
    ['create_api_key', key({ hash: 'abcd' }), '23514'],
    ['create_api_key', key({ expires_at: '2020-01-01T00:00:00Z' }), '23514'],
  ])('does and logs nothing when %s is refused (%o)', async (name, args, code) => {
    expect(await call(name, args)).toBe(code)
    expect(await log()).toEqual([])
    expect((await postgres.service().from('accounts').select()).data).toEqual([])
  })

  it('replaces overrides as a whole', async () => {
    const read = async () =>
      (await postgres.service().from('account_overrides').select('budget_day,concurrent,billing_day')).data
    await call('set_account_overrides', {
      account: 'ada',
      overrides: { budget_day: 5, billing_day: 14 },
      actor: 'r',
    })
    expect(await read()).toEqual([{ budget_day: 5, concurrent: null, billing_day: 14 }])
    await call('set_account_overrides', { account: 'ada', overrides: { concurrent: 2 }, actor: 'r' })
    expect(await read()).toEqual([{ budget_day: null, concurrent: 2, billing_day: null }])
    await call('set_account_overrides', { account: 'ada', overrides: {}, actor: 'r' })
    expect(await read()).toEqual([])
  })

  it('finds a key by its hash, with what decides whether it works, and never gives the hash back', async () => {
    const id = await call('create_api_key', key())
    await call('set_account_status', { account: 'ada', status: 'suspended', actor: 'root' })
    const found = await call('find_api_key', { hash: hash('a') })
    expect(found).toMatchObject({
      id,
      account_id: 'ada',
      scopes: ['chat', 'embed'],
      expires_at: null,
      revoked_at: null,
      account_status: 'suspended',
      plan_id: null,
    })
    expect(JSON.stringify(found)).not.toContain('aaaaaa')
    expect(await call('find_api_key', { hash: hash('b') })).toBe(null)
    expect(await call('create_api_key', key({ account: 'bob' }))).toBe('23505')
  })

  it('revokes a key once, and only for its owner or an administrator', async () => {
    const id = await call('create_api_key', key())
    expect(await call('revoke_api_key', { key_id: id, account: 'bob', actor: 'bob' })).toBe(false)
    expect(await call('revoke_api_key', { key_id: id, account: null, actor: 'root', reason: 'leaked' })).toBe(
      true,
    )
    expect(await call('revoke_api_key', { key_id: id, account: 'ada', actor: 'ada' })).toBe(false)
    expect(await call('find_api_key', { hash: hash('a') })).toMatchObject({ revoked_reason: 'leaked' })
    expect(((await log()) ?? []).map(({ action, actor }) => [action, actor])).toEqual([
      ['create_api_key', 'ada'],
      ['revoke_api_key', 'root'],
    ])
  })

  it('notes the last use of a key, and never an earlier one', async () => {
    const id = await call('create_api_key', key())
    for (const ms of [Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 20)])
      await call('touch_api_keys', { uses: { [id]: ms } })
    expect(await call('find_api_key', { hash: hash('a') })).toMatchObject({
      last_used_at: '2026-11-21T00:00:00+00:00',
    })
  })

  it('stops at a hundred working keys an account, also when they come together', async () => {
    const { owner } = postgres.local()
    await owner`select twohop.create_api_key('ada', 'k', 'thk_abcd', lpad(to_hex(n), 64, '0'), array['chat'], 'ada')
      from generate_series(1, 98) as n`
    const more = await Promise.all(
      ['a', 'b', 'c', 'd'].map((digit) => call('create_api_key', key({ hash: hash(digit) }))),
    )
    expect(more.filter((answer) => answer === '54000')).toHaveLength(2)
    expect(
      await call('revoke_api_key', {
        key_id: more.find((id) => id !== '54000'),
        account: 'ada',
        actor: 'ada',
      }),
    ).toBe(true)
    expect(await call('create_api_key', key({ hash: hash('e') }))).not.toBe('54000')
  })

  it('keeps the latest word of an account on a request', async () => {
    await call('record_feedback', { account: 'ada', request_id: 'r1', rating: -1, comment: 'wrong' })
    await call('record_feedback', { account: 'ada', request_id: 'r1', rating: 1 })
    await call('record_feedback', { account: 'bob', request_id: 'r1', rating: -1 })
    expect(await call('record_feedback', { account: 'ada', request_id: 'r2', rating: 5 })).toBe('23514')
    const { data } = await postgres
      .service()
      .from('feedback')
      .select('account_id,rating,comment')
      .order('account_id')
    expect(data).toEqual([
      { account_id: 'ada', rating: 1, comment: null },
      { account_id: 'bob', rating: -1, comment: null },
    ])
  })
})
