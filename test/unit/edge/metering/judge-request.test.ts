import { describe, expect, it } from 'vitest'
import type { Held } from '../../../../edge/metering/held.ts'
import { createJudgeRequest } from '../../../../edge/metering/judge-request.ts'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { judgedWork } from '../../../../edge/parse/judged.ts'
import { type HostCall, HostRefusal, NothingComputed } from '../../../../edge/upstream/port.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'

// A classifier that is away or lies: faults that the real one does not have.
type Guard = Partial<NonNullable<Guards['injection']>>

async function judged(answer: () => Response, guard: Guard = {}, client = new AbortController()) {
  const { injection } = Guards.parse({ injection: { model: 'twohop-classify', in: 'block', ...guard } })
  const chat = parseChat(
    { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }] },
    entitledTo('pro'),
  )
  const work = judgedWork(chat, injection, catalog.models)
  const settled: unknown[] = []
  const charged: number[] = []
  const held = {
    requestId: 'r1',
    account: 'a1',
    weight: 1,
    work,
    chargeJudge: (units: number) => charged.push(units),
    settle: (...all: unknown[]) => settled.push(all),
  } as unknown as Held
  const calls: HostCall[] = []
  const findings: unknown[] = []
  const judgeRequest = createJudgeRequest({
    host: {
      call: async (call) => {
        calls.push(call)
        return answer()
      },
      cancel: async () => undefined,
    },
    now: () => 0,
  })
  const error = await judgeRequest(held, client.signal, (finding) => findings.push(finding)).then(
    () => undefined,
    (thrown: unknown) => thrown as TwohopError,
  )
  return { error, settled, charged: charged.at(-1), calls, findings, worst: work.judged?.work.worst.units }
}

const scores = (score: number, label = 'INJECTION', tokens = '3') =>
  Response.json(
    [
      [
        { label, score },
        { label: 'OTHER', score: 1 - score },
      ],
    ],
    {
      headers: { 'x-usage': `{"prompt_tokens":${tokens}}` },
    },
  )

describe('the judge of a request', () => {
  it('lets pass what scores below the threshold, and charges what was read', async () => {
    const { error, settled, charged, calls } = await judged(() => scores(0.4))
    expect([error, settled, charged]).toEqual([undefined, [], 3])
    expect(calls).toMatchObject([
      { requestId: 'r1.guard', model: 'twohop-classify', scope: 'tasks:text-classification' },
    ])
  })

  it('refuses from the threshold on, or only tells of it', async () => {
    const refused = await judged(() => scores(0.5))
    expect(refused).toMatchObject({
      error: { code: 'content_blocked' },
      settled: [['refused', undefined]],
      charged: 3,
      findings: [{ way: 'in', rule: 'injection', blocked: true }],
    })
    expect(await judged(() => scores(0.9), { in: 'flag' })).toMatchObject({
      error: undefined,
      settled: [],
      findings: [{ way: 'in', rule: 'injection', blocked: false }],
    })
    expect((await judged(() => scores(0.6), { threshold: 0.7 })).error).toBeUndefined()
  })

  it.each<[string, () => Response]>([
    [
      'is away',
      () => {
        throw new TwohopError('host_unavailable', 'away')
      },
    ],
    ['does not know the label', () => scores(0.9, 'SPAM')],
    [
      'scores other than it was asked',
      () => Response.json(Array(2).fill([{ label: 'INJECTION', score: 0.1 }])),
    ],
    ['answers with something else', () => new Response('<html>')],
  ])(
    'decides by on_failure where the classifier %s, and charges all that it could have read',
    async (_, answer) => {
      const blocked = await judged(answer)
      expect(blocked).toMatchObject({
        error: { code: 'guard_unavailable', retryAfterMs: 2000 },
        settled: [['failed', undefined]],
      })
      const passed = await judged(answer, { on_failure: 'pass' })
      expect([passed.error, passed.settled]).toEqual([undefined, []])
      if (!['does not know the label', 'scores other than it was asked'].includes(_))
        expect(passed.charged).toBe(passed.worst)
    },
  )

  it('charges nothing where the classifier has computed nothing, and never more than was reserved', async () => {
    for (const error of [
      new HostRefusal('host_busy', 'busy', {}, 0),
      new NothingComputed('host_unavailable', 'nobody reached'),
    ]) {
      const failing = await judged(() => {
        throw error
      })
      expect(failing.charged).toBe(0)
    }
    const lied = await judged(() => scores(0.1, 'INJECTION', '1000000'))
    expect(lied.charged).toBe(lied.worst)
  })

  it('lets nothing pass for a client that has gone', async () => {
    const client = new AbortController()
    client.abort()
    const { error } = await judged(
      () => {
        throw new Error('aborted')
      },
      { on_failure: 'pass' },
      client,
    )
    expect(error).toMatchObject({ code: 'guard_unavailable' })
  })
})
