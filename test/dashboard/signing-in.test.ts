import { describe, expect, it } from 'vitest'
import { DEMO_USERS } from '../../local/issuer/demo-users.ts'
import { expiredToken } from '../fixtures/browser/accounts.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { call, newUser, stack } from '../fixtures/stack/client.ts'
import { loaded, openDashboard, paste, show, signInAs, words } from './dashboard.ts'

const EMAIL = DEMO_USERS.free.supabase.email ?? ''
const KEPT = `JSON.parse(sessionStorage.getItem('twohop.session'))`

describe.skipIf(noChromium !== '')(`signing in at the dashboard${noChromium}`, () => {
  it('is as in the app: by e-mail and password, until the tab ends, with a token that is refreshed', async () => {
    const page = await openDashboard()
    for (const platform of ['supabase', 'firebase'] as const) {
      await signInAs(page, EMAIL, platform, 'another-password')
      await page.until(`document.querySelector('[role=alert]')`)
      expect(await words(page)).toContain('No account has this e-mail address and password.')
      await signInAs(page, EMAIL, platform)
      await page.until(`document.querySelector('.cards article')`)
      expect(await words(page)).toContain(`${platform}:`)
      // The form that had the focus is gone.
      expect(await page.evaluate(`document.activeElement.tagName`)).toBe('H1')
      const token = await page.evaluate<string>(`${KEPT}.token`)
      const expired = await expiredToken(token, platform)
      await page.evaluate(`(() => {
        const kept = ${KEPT}
        sessionStorage.setItem('twohop.session', JSON.stringify({ ...kept, token: ${JSON.stringify(expired)} }))
        location.reload()
      })()`)
      // The edge refuses the old one once, and the page goes on with a fresh one.
      await page.until(
        `document.querySelector('.cards article') && ${KEPT}.token !== ${JSON.stringify(expired)}`,
      )
      await page.click('#sign-out')
      await page.until(`document.querySelector('#sign-in')`)
      expect(
        await page.evaluate(`sessionStorage.length + localStorage.length + document.cookie.length`),
      ).toBe(0)
    }
  })

  it('takes a pasted credential, shows what it may, and lets the edge refuse the rest', async () => {
    const { token } = await newUser('pro')
    const made = await call('/v1/keys', {
      token: stack.tokens.supabase.admin,
      body: { name: 'for chats', scopes: ['chat'] },
    })
    const { key } = (await made.json()) as { key: string }
    const page = await openDashboard()
    await paste(page, key)
    await show(page, 'keys')
    expect(await words(page)).toContain('scope_missing')
    await page.click('#sign-out')
    await page.until(`document.querySelector('#pasted')`)
    await paste(page, token)
    await loaded(page)
    expect(await page.text('nav')).not.toMatch(/Accounts|Totals|Log|Keys/)
    await page.evaluate(`void (location.hash = '#/accounts')`)
    await page.until(`document.querySelector('[role=alert]')`)
    expect(await words(page)).toContain('scope_missing')
    expect(page.errors.filter((error) => !error.includes('403'))).toEqual([])
  })

  it('a credential that is good for nothing ends by itself', async () => {
    const page = await openDashboard()
    await paste(page, 'nothing').catch(() => {})
    await page.until(`document.querySelector('[role=status]')?.textContent === 'Your sign-in has ended.'`)
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })
})
