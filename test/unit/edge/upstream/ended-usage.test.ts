import { expect, it } from 'vitest'
import { createEndedUsage } from '../../../../edge/upstream/ended-usage.ts'
import { createOwnHost } from '../../../../edge/upstream/own-host.ts'
import type { HostUsage } from '../../../../edge/upstream/port.ts'
import type { RequestClaims } from '../../../../edge/upstream/service-token.ts'
import { bodyHash } from '../../../../shared/service-token.ts'
import { MOST_ASKED } from '../../../../shared/usage.ts'
import { readLog } from '../../../fixtures/log.ts'

const asked = (n: number) => ({ requestId: `r${n}`, account: `a${n}`, model: 'm', scope: 's' })
const said = (n: number): HostUsage => ({ promptTokens: 9, outputTokens: n, computeMs: 3 })
const about = (n: number) => ({
  id: `r${n}`,
  usage: { prompt_tokens: 9, completion_tokens: n, total_tokens: 9 + n },
  timing: { queue_ms: 0, compute_ms: 3 },
})

/** The project's host behind `answer`: the calls that reach it, with what was signed for each. */
function hostThat(answer: (path: string, body: string) => Response) {
  const signed: RequestClaims[] = []
  const calls: { route: string; body: string }[] = []
  const { log, lines } = readLog()
  const { usage } = createOwnHost({
    url: 'http://host.example/',
    sign: async (claims) => {
      signed.push(claims)
      return 'token'
    },
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const { pathname } = new URL(request.url)
      const body = await request.text()
      calls.push({ route: `${request.method} ${pathname}`, body })
      return answer(pathname, body)
    },
    now: () => 1_000_000,
    log,
  })
  return { usage, signed, calls, lines }
}

it('sixteen requests that end together are one call, signed for its body, and each hears of itself', async () => {
  const all = Array.from({ length: 16 }, (_, n) => n)
  const { usage, signed, calls, lines } = hostThat(() =>
    Response.json({ requests: all.map(about).toReversed() }),
  )
  expect(await Promise.all(all.map((n) => usage(asked(n))))).toEqual(all.map(said))
  const question = { requests: all.map((n) => ({ id: `r${n}`, account: `a${n}` })) }
  expect(calls.map(({ route, body }) => [route, JSON.parse(body)])).toEqual([
    ['POST /v1/requests/usage', question],
  ])
  expect(signed).toEqual([
    {
      route: 'POST /v1/requests/usage',
      jti: 'r0.usage',
      sub: 'a0',
      model: 'm',
      scope: 's',
      reserved: { prompt_tokens: 0, output_tokens: 0 },
      weight: 1,
      deadline: 1_030_000,
      body_sha256: await bodyHash(new TextEncoder().encode(calls[0]?.body)),
    },
  ])
  expect(lines).toEqual([])
})

it('what the host says of others, or does not say, is nothing said', async () => {
  const { usage, calls } = hostThat(() => Response.json({ requests: [about(2), about(7)] }))
  expect(await Promise.all([usage(asked(1)), usage(asked(2))])).toEqual([undefined, said(2)])
  expect(calls).toHaveLength(1)
})

it.each([
  ['does not know the question', () => Response.json({ error: { code: 'not_found' } }, { status: 404 })],
  ['breaks off', () => new Response('{"requests":[')],
  ['counts in fractions', () => Response.json({ requests: [{ ...about(1), timing: { compute_ms: 0.5 } }] })],
  ['says more than is read', () => new Response(`{"requests":[]${' '.repeat(64 * 1024)}}`)],
])('of a host that %s each asks by itself', async (_, answer) => {
  const { usage, calls } = hostThat((path) =>
    path.endsWith('/usage') ? answer() : Response.json(about(Number(path.at(-1)))),
  )
  expect(await Promise.all([usage(asked(1)), usage(asked(2))])).toEqual([said(1), said(2)])
  const [first, ...rest] = calls.map(({ route }) => route)
  expect(first).toBe('POST /v1/requests/usage')
  expect(rest.sort()).toEqual(['DELETE /v1/requests/r1', 'DELETE /v1/requests/r2'])
})

it('more than one question holds are asked in several', async () => {
  const questions: number[] = []
  const usage = createEndedUsage({
    askAll: async (group) => {
      questions.push(group.length)
      return new Map(group.map(({ requestId }) => [requestId, said(1)]))
    },
    askAlone: async () => undefined,
    wait: () => Promise.resolve(),
  })
  const all = await Promise.all(Array.from({ length: MOST_ASKED + 1 }, (_, n) => usage(asked(n))))
  expect(all).toEqual(Array(MOST_ASKED + 1).fill(said(1)))
  expect(questions).toEqual([MOST_ASKED, 1])
})
