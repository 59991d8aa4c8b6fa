import { describe, expect, inject, it } from 'vitest'
import { monthName } from '../../dashboard/parts/days.ts'
import type { UsageEvent } from '../../edge/ledger/event.ts'
import { createSupabaseLedger } from '../../edge/ledger/supabase.ts'
import { monthFrom } from '../../edge/stats/days.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import type { Page } from '../fixtures/browser/page.ts'
import { usageEvent } from '../fixtures/each-postgres.ts'
import { call, stack } from '../fixtures/stack/client.ts'
import { found } from './axe.ts'
import { accountOf, keepPicture, openDashboard, paste, show, wideOnAPhone } from './dashboard.ts'

const { pro, free, admin } = stack.tokens.supabase
const THIS_MONTH = new Date().toISOString().slice(0, 7)
/** Months before this one, in which nobody else has used anything; the first is older than what Redis keeps. */
const PAST = Array.from({ length: 14 }, (_, ago) => monthFrom(THIS_MONTH, ago - 14))
const CHAT = 'twohop-chat'
const EMBED = 'twohop-embed'

const YES_OR_NO = [() => true, () => false] as const

/** What one request of a month cost: from 30,000 to 85,000 units. */
const unitsOf = (index: number) => 30_000 + ((index * 7) % 12) * 5_000

/** The same events each time, so that a second try adds nothing. */
function eventsOf(account: string, name: string, share: number): UsageEvent[] {
  return PAST.flatMap((month, index) => {
    const reserved_at = Date.parse(`${month}-15T12:00:00Z`)
    const units = unitsOf(index) * share
    const of = { reserved_at, at: reserved_at, charged_month: month, reserved_units: units }
    return [
      usageEvent(`${name}-${month}-chat`, account, {
        ...{
          ...of,
          model: CHAT,
          units,
          reported_units: units,
          prompt_tokens: 100,
          output_tokens: units / 10,
        },
      }),
      usageEvent(`${name}-${month}-embed`, account, {
        ...{ ...of, model: EMBED, units: units / 5, reported_units: units / 5, prompt_tokens: 50 },
      }),
    ]
  })
}

/** The table behind the chart that is shown: its head, and what of it is in the months that are past. */
async function tableOf(page: Page): Promise<{ head: string[]; rows: string[][] }> {
  await page.until(`document.querySelector('figure details')`)
  await page.evaluate(`void (document.querySelector('figure details').open = true)`)
  const cells = (of: string) =>
    `[...document.querySelectorAll('figure ${of}')].map((row) => [...row.children].map((cell) => cell.textContent))`
  const [head = []] = await page.evaluate<string[][]>(cells('thead tr'))
  const rows = await page.evaluate<string[][]>(cells('tbody tr'))
  expect(rows).toHaveLength(24)
  return { head, rows: rows.slice(-15, -1) }
}

const choose = (page: Page, label: string, value: string) =>
  page.evaluate(`(() => {
    const of = [...document.querySelectorAll('label')].find((each) => each.firstChild.textContent === '${label}')
    const select = of.querySelector('select')
    select.value = '${value}'
    select.dispatchEvent(new Event('change', { bubbles: true }))
  })()`)

/** The table that a share of those events makes. */
const expected = (share: number) => ({
  head: ['Month', CHAT, EMBED],
  rows: PAST.map((month, index) => [
    monthName(month),
    ...[1, 0.2].map((part) => (unitsOf(index) * share * part).toLocaleString('en-US')),
  ]),
})

describe.skipIf(noChromium !== '')(`the months of the dashboard${noChromium}`, () => {
  it("are a user's own from the ledger; an administrator's of one account and of all", async () => {
    const { postgres } = stack
    if (!postgres) throw new Error('there is no Postgres: .local/test-dashboard/stack.log says why')
    const ledger = createSupabaseLedger({ url: postgres.url, key: postgres.secretKey, fetch })
    // It comes up after the edge.
    const isUp = () => ledger.months.ofAll({ from: '2020-01', to: '2020-01' }).then(...YES_OR_NO)
    await expect.poll(isUp).toBe(true)
    const account = await accountOf(pro)
    await ledger.record(eventsOf(account, 'pro', 2))
    await ledger.record(eventsOf(await accountOf(free), 'free', 1))

    const page = await openDashboard()
    await paste(page, pro)
    await show(page, 'usage')
    await choose(page, 'Of', 'months')
    expect(await tableOf(page)).toEqual(expected(2))
    // The package that draws comes when it is needed.
    await page.until(`document.querySelectorAll('figure canvas').length === 1`)
    await choose(page, 'Show', 'output_tokens')
    const [, first = []] = (await tableOf(page)).rows
    expect(first[1]).toBe((unitsOf(1) / 5).toLocaleString('en-US'))
    await choose(page, 'Show', 'units')
    await looksWell(page, 'months')
    await page.click('#sign-out')

    await paste(page, admin)
    await show(page, 'totals')
    await choose(page, 'Of', 'months')
    expect(await tableOf(page)).toEqual(expected(3))
    await looksWell(page, 'all-months')
    await show(page, `account/${encodeURIComponent(account)}`)
    await page.evaluate(`document.querySelector('main > details summary, main details summary').click()`)
    expect(await tableOf(page)).toEqual(expected(2))
    expect(await found(page), 'account').toEqual([])
    // The page asks whether its user administers.
    expect(page.errors).toEqual([])
  })

  it('are no reason to let a user look at another', async () => {
    for (const query of ['', `?account=${encodeURIComponent(await accountOf(free))}`])
      expect((await call(`/v1/admin/months${query}`, { token: pro })).status, query).toBe(403)
  })

  it('say so where there is no ledger', async () => {
    const page = await openDashboard(inject('ledgerlessEdge'))
    await paste(page, free)
    await show(page, 'usage')
    await choose(page, 'Of', 'months')
    await page.until(`document.querySelector('main [role=alert]')?.textContent.includes('keeps no ledger')`)
  })
})

async function looksWell(page: Page, name: string): Promise<void> {
  expect(await found(page), name).toEqual([])
  expect(await wideOnAPhone(page), name).toBeLessThanOrEqual(390)
  await page.evaluate(`void (document.querySelector('figure details').open = false)`)
  const top = await page.evaluate<number>(
    `document.querySelector('figure').getBoundingClientRect().top + scrollY - 120`,
  )
  await keepPicture(page, name, { top: Math.max(0, top) })
}
