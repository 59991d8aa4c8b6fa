import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { eventsOf, newAddress } from '../fixtures/browser/accounts.ts'
import { noChromium, startChromium } from '../fixtures/browser/chromium.ts'
import type { Page } from '../fixtures/browser/page.ts'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { call, stack } from '../fixtures/stack/client.ts'
import { PASSWORD } from './panel.ts'
import { serve } from './serve.ts'

const FILE = join(import.meta.dirname, '../../examples/web/index.html')

/** Serves the page as any server of files would, with the addresses of this stack in place of the usual ones. */
async function openWebPage(): Promise<Page> {
  const usual = await readFile(FILE, 'utf8')
  const text = usual
    .replace('http://127.0.0.1:8787', stack.edge.url)
    .replace('http://127.0.0.1:8789', stack.issuers.supabase.url)
  return (await startChromium()).open(await serve(text))
}

const ANSWER = `document.querySelector('#answer').textContent`
const IDLE = `document.querySelector('#stop').disabled`

describe.skipIf(noChromium !== '')(`examples/web${noChromium}`, () => {
  it('signs up, streams, stops, and says what is left and what is wrong', async () => {
    const page = await openWebPage()
    const email = newAddress()
    await page.type('#email', email)
    await page.type('#password', PASSWORD)
    await page.press('Enter')
    expect(await page.until(`document.querySelector('#told').textContent`)).toMatch(/credentials/i)
    await page.click('button[value=signup]')
    await page.until(`!document.querySelector('#ask').hidden`)
    await page.click('#ask button[type=submit]')
    expect(await page.until<string>(`${IDLE} && ${ANSWER}`)).toMatch(/^Twohop .*\.$/s)
    const whole = await page.evaluate<string>(ANSWER)
    await page.until(
      `/^Left today: 19\\d+ of 200000 units$/.test(document.querySelector('#left').textContent)`,
    )

    const answer = await fetch(`${stack.issuers.supabase.url}/auth/v1/token?grant_type=password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    const { account } = (await (await call('/v1/usage', { token })).json()) as { account: string }
    await slowly(
      inject('pace'),
      async () => {
        await page.click('#ask button[type=submit]')
        await page.until(`${ANSWER}.length > 8`)
        await page.click('#stop')
        await page.until(IDLE)
        const [stopped, first] = await eventsOf(account, 2)
        expect([stopped?.outcome, first?.outcome]).toEqual(['cancelled', 'ok'])
        expect(Number(stopped?.output_tokens)).toBeLessThan(Number(first?.output_tokens))
      },
      IN_A_BROWSER_MS,
    )
    expect(whole.startsWith(await page.evaluate<string>(ANSWER))).toBe(true)
    expect(page.errors.filter((error) => !error.includes('400'))).toEqual([])
  })
})
