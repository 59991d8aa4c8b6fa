import { describe, expect, inject, it } from 'vitest'
import { eventsOf } from '../fixtures/browser/accounts.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { newUser } from '../fixtures/stack/client.ts'
import { openDashboard, paste, show, words } from './dashboard.ts'

const IDLE = `document.querySelector('#stop').disabled`

describe.skipIf(noChromium !== '')(`the playground${noChromium}`, () => {
  it('shows the stream as it comes, what it cost by the ledger, the headers, and the same without the credential', async () => {
    const { token, account } = await newUser('pro')
    const page = await openDashboard()
    await paste(page, token)
    await show(page, 'playground')
    await page.evaluate(`void (() => {
      window.seen = new Set()
      new MutationObserver(() => seen.add(document.querySelector('#answer').textContent.length))
        .observe(document.querySelector('#answer'), { childList: true, characterData: true, subtree: true })
    })()`)
    await slowly(
      inject('pace'),
      async () => {
        await page.click('#send')
        await page.until(`${IDLE} && document.querySelector('#units')`)
      },
      IN_A_BROWSER_MS,
    )
    expect(await page.text('#answer')).toMatch(/^Twohop .*\.$/s)
    expect(await page.evaluate<number>('seen.size')).toBeGreaterThan(10)
    const [event] = await eventsOf(account, 1)
    const units = Number(event?.units)
    expect(units).toBeGreaterThan(0)
    expect(await page.text('#units')).toBe(new Intl.NumberFormat('en').format(units))
    expect(await page.text('#told')).toContain(`${event?.output_tokens} out`)
    await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true })`)
    const shown = await words(page)
    expect(shown).toContain('x-request-id')
    expect(shown).toContain('Authorization: Bearer $TOKEN')
    expect(await page.evaluate<string>('document.documentElement.outerHTML')).not.toContain(token)
    // Whether it is an administrator's, the page asked the edge.
    expect(page.errors).toEqual([])
  })

  it('stops when it is told to, and says what was wrong', async () => {
    const { token, account } = await newUser('pro')
    const page = await openDashboard()
    await paste(page, token)
    await show(page, 'playground')
    await slowly(
      inject('pace'),
      async () => {
        await page.click('#send')
        await page.until(`document.querySelector('#answer').textContent.length > 8`)
        await page.click('#stop')
        await page.until(IDLE)
        const [event] = await eventsOf(account, 1)
        expect(event?.outcome).toBe('cancelled')
      },
      IN_A_BROWSER_MS,
    )
    await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true })`)
    await page.type('#schema', '{')
    await page.click('#send')
    await page.until(`document.querySelector('[role=alert]')`)
    expect(await words(page)).toContain('The schema is not valid JSON.')
    await page.type('#schema', '{"type":"nonsense"}')
    await page.click('#send')
    await page.until(`document.querySelector('[role=alert]')?.textContent.includes('invalid_request')`)
    const units = (await eventsOf(account, 1)).map((event) => event.units)
    expect(units.slice(0, -1)).toEqual(units.slice(1).map(() => '0'))
  })
})
