import { expect, it } from 'vitest'
import { type Finding, policyOf } from '../../../../edge/guard/policy.ts'
import { guardedResults } from '../../../../edge/jobs/guarded-results.ts'
import { Guards } from '../../../../shared/catalog.ts'

const chat = (content: string) => ({ choices: [{ index: 0, message: { content }, finish_reason: 'stop' }] })
const results = [
  { index: 0, status: 200, body: chat('all is well') },
  { index: 1, status: 200, body: chat('ask ann@example.com') },
  { index: 2, status: 200, body: [{ summary_text: 'ask ann@example.com' }] },
  { index: 3, status: 503, body: { error: { code: 'host_busy' } } },
]
const read = (guards: object | undefined, findings: Finding[] = []) =>
  guardedResults(results, policyOf({ guards: guards && Guards.parse(guards) }), 'r1', (one) =>
    findings.push(one),
  )

it('are as the host wrote them where the plan looks for nothing in answers', () => {
  expect(read(undefined)).toBe(results)
  expect(read({ pii: { in: 'block' } })).toBe(results)
})

it('are cut where something is blocked, and an error where that is the whole', () => {
  const findings: Finding[] = []
  const [first, second, third, fourth] = read({ pii: { out: 'block' } }, findings)
  expect(first).toEqual(results[0])
  expect(second).toMatchObject({
    index: 1,
    status: 200,
    body: { choices: [{ message: { content: 'ask ' }, finish_reason: 'content_filter' }] },
  })
  expect(third).toMatchObject({ index: 2, status: 400, body: { error: { code: 'content_blocked' } } })
  expect(fourth).toEqual(results[3])
  expect(findings).toEqual([{ way: 'out', rule: 'pii.email', blocked: true }])
})
