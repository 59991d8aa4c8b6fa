import { expect, it } from 'vitest'
import { createOwnHost } from '../../../../edge/upstream/own-host.ts'
import type { RequestClaims } from '../../../../edge/upstream/service-token.ts'
import { bodyHash } from '../../../../shared/service-token.ts'
import { readLog, unreadLog } from '../../../fixtures/log.ts'

const job = { requestId: 'r1', account: 'firebase:demo:ada', model: 'm' }

it('tells a host that there is something about jobs, signed for that alone', async () => {
  const signed: RequestClaims[] = []
  const sent: Request[] = []
  const host = createOwnHost({
    url: 'http://host.example/',
    sign: async (claims) => {
      signed.push(claims)
      return 'token'
    },
    fetch: async (input, init) => {
      sent.push(new Request(input, init))
      return new Response(null, { status: 202 })
    },
    now: () => 1_000_000,
    log: unreadLog,
  })
  await host.wake(job)
  expect(sent.map(({ method, url }) => [method, url])).toEqual([['POST', 'http://host.example/v1/jobs/wake']])
  expect(sent[0]?.headers.get('authorization')).toBe('Bearer token')
  expect(signed).toEqual([
    {
      route: 'POST /v1/jobs/wake',
      jti: 'r1.wake',
      sub: 'firebase:demo:ada',
      model: 'm',
      scope: 'jobs',
      reserved: { prompt_tokens: 0, output_tokens: 0 },
      weight: 1,
      deadline: 1_030_000,
      body_sha256: await bodyHash(new Uint8Array()),
    },
  ])
})

it('takes no offence at a host that is away, refuses or says nothing', async () => {
  const replies: (() => Promise<Response>)[] = [
    () => Promise.reject(new TypeError('connect ECONNREFUSED')),
    async () => new Response('busy', { status: 503 }),
    () => Promise.reject(new DOMException('late', 'TimeoutError')),
  ]
  for (const reply of replies) {
    const { log, lines } = readLog()
    const host = createOwnHost({
      url: 'http://host.example',
      sign: async () => 't',
      fetch: reply,
      now: Date.now,
      log,
    })
    await expect(host.wake(job)).resolves.toBeUndefined()
    expect(lines).toMatchObject([{ level: 'warn', event: 'host_wake_failed', request_id: 'r1' }])
  }
})
