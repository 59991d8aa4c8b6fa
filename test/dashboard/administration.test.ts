import { describe, expect, it } from 'vitest'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { ask, call, newUser, stack } from '../fixtures/stack/client.ts'
import { loaded, openDashboard, paste, show, words } from './dashboard.ts'

const token = stack.tokens.firebase.admin

async function accountOf(account: string): Promise<Record<string, unknown>> {
  const answer = await call(`/v1/admin/accounts/${encodeURIComponent(account)}`, { token })
  return (await answer.json()) as Record<string, unknown>
}

describe.skipIf(noChromium !== '')(`administration in the dashboard${noChromium}`, () => {
  it('finds an account, suspends and restores it, sets its plan, grants it units; each with its reason in the log', async () => {
    const { account, token: own } = await newUser('free')
    await call(`/v1/admin/accounts/${encodeURIComponent(account)}/grant`, {
      token,
      body: { units: 5, days: 1 },
    })
    const page = await openDashboard()
    await paste(page, token)
    await page.until(`document.querySelector('a[href="#/accounts"]')`)
    await show(page, 'accounts')
    await page.type('input[name=search]', account.slice(-12))
    await page.press('Enter')
    const link = `a[href="#/account/${encodeURIComponent(account)}"]`
    await page.until(
      `document.querySelectorAll('tbody tr').length === 1 && document.querySelector('${link}')`,
    )
    await page.click(link)
    await page.until(`document.querySelector('.cards article')`)

    /** Opens an act by its button, fills in what it asks for, and sends it. */
    async function act(name: string, fields: Record<string, string>): Promise<void> {
      await page.evaluate(
        `[...document.querySelectorAll('button')].find((each) => each.textContent === '${name}').click()`,
      )
      await page.until(`document.querySelector('dialog[open]')`)
      for (const [field, text] of Object.entries(fields)) await page.type(`dialog input[name=${field}]`, text)
      await page.click('dialog button[type=submit]')
      await page.until(`!document.querySelector('dialog')`)
    }
    await act('Suspend', { reason: 'too loud' })
    expect(await accountOf(account)).toMatchObject({ status: 'suspended' })
    expect((await call('/v1/usage', { token: own })).status).toBe(403)
    await page.until(`document.querySelector('main').innerText.includes('Suspended.')`)
    await act('Restore', { reason: 'quiet again' })
    await act('Change plan', { plan: 'pro', reason: 'paid' })
    await act('Grant units', { units: '1000', days: '2', reason: 'sorry' })
    expect(await accountOf(account)).toMatchObject({ status: 'active', plan: 'pro', extra: { units: 1005 } })
    await page.until(`document.querySelector('main').innerText.includes('1,005 units granted')`)

    await page.evaluate(
      `[...document.querySelectorAll('button')].find((each) => each.textContent === 'Change plan').click()`,
    )
    await page.type('dialog input[name=plan]', 'no-such-plan')
    await page.click('dialog button[type=submit]')
    await page.until(`document.querySelector('dialog [role=alert]')`)
    expect(await page.text('dialog')).toContain('found the name of no plan')
    await page.click('dialog button.secondary')

    await show(page, 'log')
    await loaded(page)
    const log = await words(page)
    for (const text of ['account.suspend', 'too loud', 'quiet again', 'paid', 'sorry', account])
      expect(log).toContain(text)
    expect(page.errors.filter((error) => !error.includes('400'))).toEqual([])
  })
  it('suspends and restores beside what was found unusual, and says why it was', async () => {
    const { account, token: own } = await newUser('free')
    // The plan of this stack finds whoever is new (setup.ts).
    expect(
      (await call('/v1/chat/completions', { token: own, body: ask('Hi', { max_tokens: 2 }) })).status,
    ).toBe(200)
    const page = await openDashboard()
    await paste(page, token)
    await show(page, 'unusual')
    const rowText = `[...document.querySelectorAll('tbody tr')].find((row) => row.innerText.includes('${account}'))?.innerText`
    expect(await page.until(rowText)).toContain('new (10)')
    for (const [does, status] of [
      ['Suspend', 'suspended'],
      ['Restore', 'active'],
    ]) {
      await page.click(`button[aria-label="${does} ${account}"]`)
      await page.type('dialog input[name=reason]', `${does}, after a look`)
      await page.click('dialog button[type=submit]')
      await page.until(`!document.querySelector('dialog')`)
      expect(await accountOf(account)).toMatchObject({ status, anomaly: { score: 10, why: 'age=10' } })
      await page.until(`${rowText}.includes('${status}')`)
    }
    expect(page.errors).toEqual([])
  })
})
