import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Env } from '../../../../edge/routes/env.ts'
import { findingsTo } from '../../../../edge/routes/findings.ts'

it('writes the rule and the way of a finding, kept alive after the answer', async () => {
  const lines: unknown[][] = []
  const app = new Hono<Env>().get('/', (c) => {
    c.set('requestId', 'r1')
    c.set('account', 'a1')
    const tell = findingsTo(async (...line) => void lines.push(line), c)
    tell({ way: 'in', rule: 'pii.card', blocked: true })
    tell({ way: 'out', rule: 'blocklist', blocked: false })
    return c.body(null)
  })
  const tasks: Promise<unknown>[] = []
  await app.request('/', {}, { background: (task: Promise<unknown>) => tasks.push(task) })
  expect(tasks).toHaveLength(2)
  const told = { requestId: 'r1', account: 'a1' }
  expect(lines).toEqual([
    ['info', 'guard_blocked', { ...told, detail: { way: 'in', rule: 'pii.card' } }],
    ['info', 'guard_flagged', { ...told, detail: { way: 'out', rule: 'blocklist' } }],
  ])
})
