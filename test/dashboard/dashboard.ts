import { join } from 'node:path'
import { DEMO_PASSWORD } from '../../local/issuer/demo-users.ts'
import { startChromium } from '../fixtures/browser/chromium.ts'
import type { Page } from '../fixtures/browser/page.ts'
import { ROOT } from '../fixtures/pages.ts'
import { call, stack } from '../fixtures/stack/client.ts'
import { AT_THEIR_END } from './axe.ts'

/** Opens the dashboard of an edge in a Chromium of its own. */
export async function openDashboard(edge = stack.edge.url): Promise<Page> {
  const page = await (await startChromium()).open(`${edge}/dashboard`)
  // A page behind another is not drawn, and nothing in it that waits to be drawn goes on.
  await page.send('Page.bringToFront', {})
  await page.until(`document.querySelector('h1')`)
  return page
}

export async function signInAs(page: Page, email: string, platform = 'supabase', password = DEMO_PASSWORD) {
  await page.until(`document.querySelector('#sign-in')`)
  await page.type('input[name=email]', email)
  await page.type('input[name=password]', password)
  await page.evaluate(`(() => {
    const select = document.querySelector('select[name=platform]')
    select.value = '${platform}'
    select.dispatchEvent(new Event('change', { bubbles: true }))
  })()`)
  await page.click('#sign-in')
}

export async function paste(page: Page, token: string): Promise<void> {
  await page.until(`!document.querySelector('[aria-busy=true]') && document.querySelector('#pasted')`)
  await page.evaluate(`void (document.querySelector('#pasted').open = true)`)
  await page.type('input[name=token]', token)
  await page.press('Enter')
  await page.until(`document.querySelector('#sign-out')`)
}

/** Shows a page of the menu, once what it asked for is there. */
export async function show(page: Page, name: string): Promise<void> {
  await page.evaluate(`void (location.hash = '#/${name}')`)
  await page.until(`document.querySelector('a[aria-current]')?.hash === '#/${name.split('/')[0]}' ||
    document.querySelector('h1')?.textContent.toLowerCase() === '${name.split('/')[0]}'`)
  await loaded(page)
}

export const loaded = (page: Page) => page.until(`!document.querySelector('[aria-busy=true]')`)

/** The text of the page below its menu, as a person sees it. */
export const words = (page: Page) => page.text('main')

/**
 * Keeps a picture of the page in `.local/screenshots`. With REFRESH_SCREENSHOTS=1 it takes the place of the one that the
 * repository has.
 */
export async function keepPicture(
  page: Page,
  name: string,
  { top = 0, ...look }: { width?: number; height?: number; top?: number } = {},
) {
  const folder = process.env.REFRESH_SCREENSHOTS === '1' ? PICTURES : '.local/screenshots'
  for (const dark of [false, true]) {
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    })
    await page.evaluate(`scrollTo(0, ${top}); ${AT_THEIR_END}`)
    await page.screenshot(join(ROOT, folder, `${name}-${dark ? 'dark' : 'light'}.png`), {
      ...{ width: 1100, height: 760, dark },
      ...look,
    })
  }
}

/** How wide the page is, in pixels, where a phone has 390. */
export async function wideOnAPhone(page: Page): Promise<number> {
  const size = { width: 390, height: 844, deviceScaleFactor: 1, mobile: false }
  await page.send('Emulation.setDeviceMetricsOverride', size)
  // Charts are drawn anew for it, in the next frame.
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))',
  )
  const width = await page.evaluate<number>('document.documentElement.scrollWidth')
  await page.send('Emulation.clearDeviceMetricsOverride')
  return width
}

/** The account that a token is of. */
export async function accountOf(token: string): Promise<string> {
  const answer = await call('/v1/usage', { token })
  return ((await answer.json()) as { account: string }).account
}

const PICTURES = 'docs/pictures/dashboard'

/** Takes the page's long timers over, so that the test says when one is due, and what is seen. */
export const TAKE_OVER = `void (() => {
  window.timers = []
  const later = window.setTimeout
  window.setTimeout = (act, ms) => (ms >= 3000 ? timers.push({ act, ms }) : later(act, ms))
  window.asked = []
  const really = window.fetch
  window.fetch = (...call) => (asked.push(String(call[0])), really(...call))
  window.seen = 'visible'
  Object.defineProperty(document, 'visibilityState', { get: () => seen })
})()`
