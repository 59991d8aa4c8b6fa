import { describe, expect, it } from 'vitest'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { call, newUser, stack } from '../fixtures/stack/client.ts'
import { loaded, openDashboard, paste, show, TAKE_OVER } from './dashboard.ts'

/** The timers of the page of jobs: what a page shown before still waits for is longer. */
const OWN = `timers.filter(({ ms }) => ms < 10000)`
const DUE = `${OWN}.at(-1).act()`
const ASKED = `asked.filter((url) => url.endsWith('/v1/jobs')).length`

describe.skipIf(noChromium !== '')(`polling${noChromium}`, () => {
  it('asks ever less often, not at all while nobody sees the page, and at once when it is seen again', async () => {
    const { token } = await newUser('pro')
    const page = await openDashboard()
    await paste(page, token)
    await page.evaluate(TAKE_OVER)
    await show(page, 'jobs')
    const waits = `${OWN}.map(({ ms }) => ms)`
    for (const count of [1, 2, 3]) {
      await page.until(`${waits}.length === ${count}`)
      expect(await page.evaluate(ASKED)).toBe(count)
      if (count < 3) await page.evaluate(DUE)
    }
    expect(await page.evaluate(waits)).toEqual([3000, 4500, 6750])
    await page.evaluate(`window.seen = 'hidden'; ${DUE}`)
    expect(await page.evaluate(ASKED)).toBe(3)
    await page.evaluate(`window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))`)
    await page.until(`${ASKED} === 4`)
  })
  it('keeps what is being typed when what is shown changes', async () => {
    const token = stack.tokens.firebase.admin
    const { account } = await newUser('free')
    const path = `/v1/admin/accounts/${encodeURIComponent(account)}`
    const grant = (units: number) => call(`${path}/grant`, { token, body: { units, days: 1 } })
    await grant(5)
    const page = await openDashboard()
    await paste(page, token)
    await page.evaluate(TAKE_OVER)
    /** Has all that is shown asked for again, and waits until the page says so. */
    async function refreshed(told: string): Promise<void> {
      await page.evaluate(`timers.splice(0).forEach(({ act }) => act())`)
      await page.until(`document.body.innerText.includes(${JSON.stringify(told)})`)
    }
    const field = (selector: string) => page.evaluate(`document.querySelector('${selector}').value`)
    const press = (name: string) =>
      page.evaluate(
        `[...document.querySelectorAll('button')].find((each) => each.textContent === '${name}').click()`,
      )

    await show(page, `account/${encodeURIComponent(account)}`)
    await page.until(`document.body.innerText.includes('5 units granted')`)
    await press('Change plan')
    await page.type('dialog input[name=plan]', 'pr')
    await grant(1)
    await refreshed('6 units granted')
    expect(await field('dialog input[name=plan]')).toBe('pr')
    await page.click('dialog button.secondary')
    await press('Grant units')
    await page.type('dialog input[name=days]', '7')
    await grant(1)
    await refreshed('7 units granted')
    expect(await field('dialog input[name=days]')).toBe('7')
    await page.click('dialog button.secondary')

    await show(page, 'keys')
    await loaded(page)
    await page.type('input[name=name]', 'Half a na')
    await page.type('input[name=days]', '12')
    await page.click('input[name=scope][value=embed]')
    await call('/v1/keys', { token, body: { name: 'made elsewhere', scopes: ['chat'] } })
    await refreshed('made elsewhere')
    expect(await field('input[name=name]')).toBe('Half a na')
    expect(await field('input[name=days]')).toBe('12')
    expect(await page.evaluate(`document.querySelector('input[name=scope][value=embed]').checked`)).toBe(true)
  })
})
