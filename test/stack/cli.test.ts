import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { planOf } from '../fixtures/catalog.ts'
import { call, EMBED, newUser, refusal, stack } from '../fixtures/stack/client.ts'
import { twohop } from '../fixtures/twohop-command.ts'

const embed = (token: string) => call('/v1/embeddings', { token, body: { model: EMBED, input: 'hello' } })

beforeAll(async () => {
  vi.stubEnv('TWOHOP_URL', stack.edge.url)
  vi.stubEnv('TWOHOP_TOKEN', (await newUser('roomy', { role: 'admin' })).token)
})
afterAll(() => {
  vi.unstubAllEnvs()
})

describe('the command line against a running stack', () => {
  it('suspends, restores, plans, grants and sees', async () => {
    const { token, account } = await newUser('seven')
    expect((await embed(token)).status).toBe(200)
    expect(await twohop('accounts', 'grant', account, '100', '--reason', 'sorry')).toMatchObject({
      code: 0,
      err: '',
    })
    const usage = async () => (await twohop('accounts', 'usage', account)).out
    expect(await usage()).toMatch(/^day +7100 /m)
    expect((await twohop('accounts', 'plan', account, 'free', '--json')).out).toContain('"plan":"free"')
    // Before it asked for anything on that plan.
    expect(await usage()).toMatch(new RegExp(`^day +${planOf('free').budgets.day + 100} `, 'm'))
    expect(await twohop('accounts', 'suspend', account, '--reason', 'abuse')).toMatchObject({ code: 0 })
    expect((await refusal(await embed(token))).code).toBe('account_suspended')
    expect((await twohop('accounts', 'list', '--search', account)).out).toContain('suspended')
    expect((await twohop('accounts', 'restore', account)).code).toBe(0)
    expect((await twohop('accounts', 'show', account)).out).toMatch(/^status +active$/m)
    const audit = JSON.parse((await twohop('audit', '--target', account, '--json')).out)
    expect(audit.map(({ action }: { action: string }) => action)).toEqual([
      'account.restore',
      'account.suspend',
      'account.plan',
      'account.grant',
    ])
    expect((await twohop('audit', '--target', account)).out).toMatch(/account\.suspend +firebase.+ abuse /)
  })

  it('makes a key, lists it and revokes it', async () => {
    const { code, out, err } = await twohop(
      'keys',
      'create',
      '--name',
      'ci',
      '--scope',
      'embed',
      '--days',
      '1',
    )
    expect(code).toBe(0)
    const key = out.trim()
    expect(key).toMatch(/^twohop_sk_\w{65}$/)
    expect(err).not.toContain(key)
    expect((await embed(key)).status).toBe(200)
    const [{ id }] = JSON.parse((await twohop('keys', 'list', '--json')).out)
    expect((await twohop('keys', 'list')).out).toContain(id)
    expect(await twohop('keys', 'revoke', id)).toEqual({ code: 0, out: `revoked: ${id}\n`, err: '' })
    expect((await refusal(await embed(key))).code).toBe('key_revoked')
    expect((await twohop('keys', 'list')).out).toBe('No key.\n')
    expect((await twohop('keys', 'revoke', id, '--json')).code).toBe(0)
    expect(JSON.parse((await twohop('keys', 'revoke', 'gone', '--json')).err).error.code).toBe('not_found')
  })
})
