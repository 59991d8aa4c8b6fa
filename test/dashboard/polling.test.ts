import { describe, expect, it } from 'vitest'
import { noChromium } from '../extension/chromium.ts'
import { newUser } from '../stack/client.ts'
import { openDashboard, paste, show } from './dashboard.ts'

/** Takes the page's long timers over, so that the test says when one is due, and what is seen. */
const TAKE_OVER = `void (() => {
  window.timers = []
  const later = window.setTimeout
  window.setTimeout = (act, ms) => (ms >= 3000 ? timers.push({ act, ms }) : later(act, ms))
  window.asked = []
  const really = window.fetch
  window.fetch = (...call) => (asked.push(String(call[0])), really(...call))
  window.seen = 'visible'
  Object.defineProperty(document, 'visibilityState', { get: () => seen })
})()`
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
})
