import { expect, it } from 'vitest'
import { modelStates } from '../../../../edge/upstream/host-state.ts'
import { createOwnHost } from '../../../../edge/upstream/own-host.ts'
import type { RequestClaims } from '../../../../edge/upstream/service-token.ts'
import { createMetrics } from '../../../../inference-host/metrics/metrics.ts'
import { unreadLog } from '../../../fixtures/log.ts'

const ODD = 'odd "model" \\ of\nmine'
const metrics = createMetrics({
  models: ['tiny-chat', ODD, 'never'],
  eventLoop: () => ({ p50: 0, p99: 0, max: 0 }),
})
metrics.watch('tiny-chat', () => ({ running: 2, waiting: 5, resident: true, kvCacheUsage: 0.25 }))
metrics.watch(ODD, () => ({ running: 0, waiting: 0, resident: false }))

const EXPECTED = [
  { model: 'tiny-chat', running: 2, waiting: 5, resident: true, cache: 0.25 },
  { model: ODD, running: 0, waiting: 0, resident: false, cache: undefined },
]

it('reads of the metrics that a host writes how busy it is with each model', async () => {
  expect(modelStates(await metrics.text())).toEqual(EXPECTED)
  expect(modelStates('')).toEqual([])
  expect(modelStates('twohop_num_requests_running{model="a",other="b"} 3\n')).toEqual([])
})

const BY = { requestId: 'r1', account: 'firebase:demo:ada' }
function hostThat(answers: () => Promise<Response>) {
  const signed: RequestClaims[] = []
  const sent: string[] = []
  const host = createOwnHost({
    url: 'http://host.example/',
    sign: async (claims) => {
      signed.push(claims)
      return 'token'
    },
    fetch: async (input, init) => {
      sent.push(`${init?.method} ${input}`)
      return answers()
    },
    now: () => 1_000_000,
    log: unreadLog,
  })
  return { host, signed, sent }
}

it('asks for them by a token that is good for that alone', async () => {
  const { host, signed, sent } = hostThat(async () => new Response(await metrics.text()))
  expect(await host.state(BY)).toEqual(EXPECTED)
  expect(sent).toEqual(['GET http://host.example/metrics'])
  expect(signed).toMatchObject([
    { route: 'GET /metrics', jti: 'r1.state', sub: BY.account, scope: 'metrics', deadline: 1_030_000 },
  ])
})

it.each([
  ['host_unavailable', () => Promise.reject(new TypeError('connect ECONNREFUSED'))],
  ['host_unavailable', async () => new Response('', { status: 530 })],
  [
    'host_failed',
    async () => new Response('{"error":{"code":"service_token_invalid","message":"x"}}', { status: 401 }),
  ],
  ['host_failed', async () => new Response('x'.repeat(512 * 1024 + 1))],
])('is refused with %s, whatever is wrong there', async (code, answers) => {
  await expect(hostThat(answers).host.state(BY)).rejects.toMatchObject({ code })
})
