import { describe, expect, inject, it } from 'vitest'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { ask, call, newUser } from '../fixtures/stack/client.ts'
import { openDashboard, paste, show, TAKE_OVER } from './dashboard.ts'

const LISTED = `asked.filter((url) => url.endsWith('/v1/jobs')).length`

describe.skipIf(noChromium !== '')(`jobs in the dashboard${noChromium}`, () => {
  it('go on by their events, without another look at the list until one has ended', async () => {
    const { token } = await newUser('pro')
    const page = await openDashboard()
    await paste(page, token)
    // No timer is due from now on but where the test says so: the list is not asked for again by itself.
    await page.evaluate(TAKE_OVER)
    await show(page, 'jobs')
    await page.until(`document.body.innerText.includes('There are no open jobs.')`)
    await slowly(
      inject('pace'),
      async () => {
        const inputs = Array.from({ length: 64 }, () => ask('Count to a hundred', { max_tokens: 30 }))
        const taken = await call('/v1/jobs', { token, body: { endpoint: '/v1/chat/completions', inputs } })
        expect(taken.status).toBe(202)
        await page.evaluate(`timers.splice(0).forEach(({ act }) => act())`)
        const listed = await page.until(
          `/\\b([1-9]|[1-5]\\d|6[0-3]) of 64/.test(document.body.innerText) && ${LISTED}`,
        )
        expect(listed).toBe(2)
      },
      IN_A_BROWSER_MS,
    )
    await page.until(`document.body.innerText.includes('There are no open jobs.')`)
    expect(await page.evaluate(LISTED)).toBe(3)
    // Whoever administers nothing is refused once, when the menu is made.
    expect(page.errors).toEqual([])
  })
})
