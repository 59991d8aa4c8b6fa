import { describe, expect, inject, it } from 'vitest'
import { DEMO_USERS } from '../../local/issuer/demo-users.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { slowly } from '../fixtures/pace.ts'
import { ask, call, stack } from '../fixtures/stack/client.ts'
import { found } from './axe.ts'
import { accountOf, keepPicture, loaded, openDashboard, show, signInAs, wideOnAPhone } from './dashboard.ts'

const PAGES = [
  'usage',
  'requests',
  'keys',
  'jobs',
  'totals',
  'hosts',
  'unusual',
  'accounts',
  'account',
  'log',
  'playground',
] as const

/** What people do in a day. */
async function use(token: string): Promise<void> {
  for (const question of ['What is Twohop?', 'Who are you?'])
    await call('/v1/chat/completions', { token, body: ask(question, { max_tokens: 40 }) })
  await call('/v1/embeddings', { token, body: { model: stack.models.embed, input: ['one text', 'another'] } })
  await call('/v1/chat/completions', { token, body: ask('Hi', { model: 'no-such-model' }) })
}

describe.skipIf(noChromium !== '')(`the pages of the dashboard${noChromium}`, () => {
  it('are read by everybody, in light and dark, on a desk and on a phone', async () => {
    const { admin: token, pro, free } = stack.tokens.supabase
    for (const each of [token, pro, free]) await use(each)
    const account = await accountOf(free)
    await call(`/v1/admin/accounts/${encodeURIComponent(account)}/grant`, {
      ...{ token, body: { units: 50_000, reason: 'A week of tests' } },
    })
    for (const name of ['My server', 'Nightly summaries'])
      await call('/v1/keys', { token, body: { name, scopes: ['chat', 'embed'] } })
    const page = await openDashboard()
    await page.until(`document.querySelector('#sign-in')`)
    expect(await found(page)).toEqual([])
    await keepPicture(page, 'sign-in')
    await signInAs(page, DEMO_USERS.admin.supabase.email ?? '')
    await page.until(`document.querySelector('a[href="#/log"]')`)
    const look = async (name: (typeof PAGES)[number]) => {
      const job = name === 'jobs' ? await takeInAJob(token) : undefined
      await show(page, name === 'account' ? `account/${encodeURIComponent(account)}` : name)
      if (name === 'jobs') await page.until(`/[1-9]\\d* of 80/.test(document.body.innerText)`)
      if (name === 'playground') {
        await page.click('#send')
        await page.until(`document.querySelector('#units')`)
      }
      expect(await found(page), name).toEqual([])
      expect(await wideOnAPhone(page), name).toBeLessThanOrEqual(390)
      await keepPicture(page, name)
      if (job) await call(`/v1/jobs/${job}`, { token, method: 'DELETE' })
      if (name === 'totals') {
        const top = await page.evaluate<number>(
          `document.querySelector('#month').getBoundingClientRect().top + scrollY`,
        )
        await keepPicture(page, 'month', { top })
      }
    }
    // Slowed down, lest the job be done before its page is drawn.
    for (const name of PAGES) await (name === 'jobs' ? slowly(inject('pace'), () => look(name)) : look(name))
    await show(page, 'usage')
    await loaded(page)
    await keepPicture(page, 'phone', { width: 390, height: 844 })
    expect(page.errors).toEqual([])
  })
})

/** A job that goes on for a while. @returns its id */
async function takeInAJob(token: string): Promise<string> {
  const inputs = Array.from({ length: 80 }, (_, i) => ask(`Story ${i}`, { max_tokens: 64 }))
  const taken = await call('/v1/jobs', { token, body: { endpoint: '/v1/chat/completions', inputs } })
  expect(taken.status).toBe(202)
  const { id } = (await taken.json()) as { id: string }
  return id
}
