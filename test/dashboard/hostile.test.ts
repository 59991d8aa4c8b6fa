import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { buildDashboard, DASHBOARD } from '../../dashboard/build.ts'
import { addRoutes } from '../../edge/routes/add-routes.ts'
import { dashboardRoutes } from '../../edge/routes/dashboard.ts'
import type { Env } from '../../edge/routes/env.ts'
import { readDashboardFile } from '../../edge/runtime/node-dashboard.ts'
import { answering } from '../fixtures/answering.ts'
import { noChromium } from '../fixtures/browser/chromium.ts'
import { openDashboard, paste, show, words } from './dashboard.ts'

const HOSTILE = '<img src=x onerror="window.run=1"><script>window.run=1</script>'
const SECONDS = 1_790_000_000

const window = { limit: 10, used: 1, held: 0, resets_in: 5 }
const numbers = { requests: 1, failed: 1, prompt_tokens: 1, output_tokens: 1, units: 1 }
const today = new Date().toISOString().slice(0, 10)
const account = { id: HOSTILE, status: HOSTILE, plan: HOSTILE, billing_day: null, extra: null }
const act = {
  ...{ id: '1-0', at: SECONDS, actor: HOSTILE, action: HOSTILE, target: `${HOSTILE}:`, reason: HOSTILE },
  detail: { [HOSTILE]: HOSTILE },
}
/** Every text that somebody else may have written is markup. */
const ANSWERS: Readonly<Record<string, object>> = {
  '/v1/me': { scopes: ['admin', 'keys', 'jobs', HOSTILE] },
  '/v1/usage': {
    account: HOSTILE,
    plan: HOSTILE,
    requests: { limit: 1, remaining: 1, resets_in: 1 },
    units: { [HOSTILE]: window },
  },
  '/v1/usage/history': { days: [{ date: today, model: HOSTILE, task: HOSTILE, ...numbers }] },
  '/v1/usage/requests': {
    data: [{ id: HOSTILE, at: SECONDS, model: HOSTILE, task: HOSTILE, outcome: HOSTILE, ...numbers, ms: 1 }],
  },
  '/v1/keys': {
    data: [
      ...[{ id: HOSTILE, prefix: HOSTILE, name: HOSTILE, scopes: [HOSTILE] }].map((key) => ({
        ...{ ...key, created_at: SECONDS, expires_at: SECONDS, last_used_at: null },
      })),
    ],
  },
  '/v1/jobs': {
    data: [
      ...[{ id: HOSTILE, status: HOSTILE, endpoint: HOSTILE, model: HOSTILE, created_at: SECONDS }].map(
        (job) => ({
          ...{ ...job, counts: { total: 2, done: 1, failed: 0 } },
        }),
      ),
    ],
  },
  '/v1/models': { data: [{ id: HOSTILE, tasks: ['chat', HOSTILE] }] },
  '/v1/admin/accounts': { data: [account], next: HOSTILE },
  '/v1/admin/audit': { data: [act], next: HOSTILE },
  '/v1/admin/stats': {
    days: [
      {
        ...{ date: today, models: [{ model: HOSTILE, task: HOSTILE, ...numbers, ms: null, first_ms: null }] },
        ...{ errors: { [HOSTILE]: 1 }, top_accounts: [{ account: HOSTILE, units: 1 }] },
      },
    ],
  },
}

/** The page before an edge that answers with markup wherever others have written something. */
async function hostile(): Promise<string> {
  await buildDashboard(DASHBOARD)
  const app = new Hono<Env>({ strict: false })
  addRoutes(app, dashboardRoutes({ file: readDashboardFile, signIn: {} }))
  for (const [path, answer] of Object.entries(ANSWERS)) app.get(path, (c) => c.json(answer))
  const chunk = { choices: [{ index: 0, delta: { content: HOSTILE }, finish_reason: HOSTILE }] }
  app.post('/v1/chat/completions', (c) =>
    c.body(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`, 200, {
      'content-type': 'text/event-stream',
      'x-hostile': HOSTILE,
    }),
  )
  app.all('*', (c) =>
    c.json({ error: { code: HOSTILE, message: HOSTILE, request_id: HOSTILE, type: 'x', param: null } }, 400),
  )
  return answering(getRequestListener(app.fetch))
}

describe.skipIf(noChromium !== '')(`the dashboard among markup${noChromium}`, () => {
  it('writes as text what others wrote, on every page', async () => {
    const page = await openDashboard(await hostile())
    await paste(page, 'any')
    await page.until(`document.querySelector('a[href="#/log"]')`)
    for (const name of ['usage', 'requests', 'keys', 'jobs', 'totals', 'accounts', 'log']) {
      await show(page, name)
      await page.evaluate(`document.querySelectorAll('details').forEach((each) => { each.open = true })`)
      expect(await words(page), name).toContain(HOSTILE)
    }
    await page.evaluate(`document.querySelector('tbody a').click()`)
    await page.until(`document.querySelector('[role=alert]')`)
    expect(await words(page)).toContain(HOSTILE)
    await show(page, 'playground')
    await page.click('#send')
    await page.until(`document.querySelector('#answer').textContent !== ''`)
    expect(await page.text('#answer')).toBe(HOSTILE)
    expect(
      await page.evaluate(`[window.run ?? null, document.querySelectorAll('img, main script').length]`),
    ).toEqual([null, 0])
  })
})
