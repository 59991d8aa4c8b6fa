import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { thresholdEvents } from '../../../../edge/notify/thresholds.ts'
import { createWebhook, createWebhookSigner, isWebhookSecret } from '../../../../edge/notify/webhook.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'
import { readLog, unreadLog } from '../../../fixtures/log.ts'

const KEY = Buffer.from('a key of at least 24 bytes')
const SECRET = `whsec_${KEY.toString('base64')}`
const NOW = Date.UTC(2026, 10, 21, 10, 59, 30, 500)
const EVENT = { id: 'e1', type: 'budget.threshold_reached', at: NOW, data: { percent: 80 } }

type Received = { headers: IncomingMessage['headers']; body: string }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Longer than any answer takes on a busy machine. */
const PATIENT_MS = 20_000

/**
 * A receiver that answers its requests in turn with `answers`, the last one ever after. `ids` are those of all tries: one
 * that is given up may never arrive.
 */
async function receiver(answers: RequestListener[], timeoutMs = PATIENT_MS) {
  const received: Received[] = []
  const ids: (string | null)[] = []
  const trying: typeof fetch = (to, init) => {
    ids.push(new Headers(init?.headers).get('webhook-id'))
    return fetch(to, init)
  }
  const { log, lines } = readLog()
  const server = createServer(async (incoming, outgoing) => {
    let body = ''
    for await (const piece of incoming) body += piece
    received.push({ headers: incoming.headers, body })
    answers[Math.min(received.length, answers.length) - 1]?.(incoming, outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return {
    received,
    ids,
    lines,
    send: createWebhook({
      ...{ url, secret: SECRET, fetch: trying, now: () => NOW, retryMs: [1, 1] },
      ...{ timeoutMs, log },
    }),
  }
}
const answering =
  (status: number, headers: Record<string, string> = {}): RequestListener =>
  (_incoming, outgoing) =>
    void outgoing.writeHead(status, headers).end('thanks')

describe('a webhook', () => {
  it('is signed as Standard Webhooks has it', async () => {
    const { received, send } = await receiver([answering(204)])
    expect(await send(EVENT)).toBe(true)
    const [{ headers, body } = { headers: {}, body: '' }] = received
    expect(JSON.parse(body)).toEqual({
      type: EVENT.type,
      timestamp: '2026-11-21T10:59:30.500Z',
      data: { percent: 80 },
    })
    const seconds = String(Math.floor(NOW / 1000))
    const sum = createHmac('sha256', KEY).update(`e1.${seconds}.${body}`).digest('base64')
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'e1',
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${sum}`,
    })
  })

  it('agrees with the example of the specification', async () => {
    // github.com/standard-webhooks/standard-webhooks, spec: a fixed secret, id, time and body.
    const sign = createWebhookSigner('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    expect(await sign('msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  it.each<[string, RequestListener[], number, boolean, number?]>([
    ['a failure, then receipt', [answering(500), answering(200)], 2, true],
    ['failures only', [answering(503)], 3, false],
    ['broken connections', [(incoming) => incoming.socket.destroy()], 3, false],
    ['silence', [() => {}], 3, false, 50],
    ['a redirect, which is not followed', [answering(302, { location: 'http://127.0.0.1:9/' })], 3, false],
    ['no more wish for it', [answering(410)], 1, false],
  ])('meets %s', async (_, answers, tries, taken, timeoutMs) => {
    const { ids, send, lines } = await receiver(answers, timeoutMs)
    expect(await send(EVENT)).toBe(taken)
    expect(lines.map(({ level, event, type }) => [level, event, type])).toEqual(
      taken ? [] : [['error', 'webhook_failed', EVENT.type]],
    )
    expect(ids).toEqual(Array(tries).fill('e1'))
  })

  it('has a secret of 24 to 64 bytes', () => {
    const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes).toString('base64')}`
    expect([23, 24, 64, 65].map((bytes) => isWebhookSecret(secret(bytes)))).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(isWebhookSecret(KEY.toString('base64'))).toBe(false)
    expect(isWebhookSecret('whsec_%%%')).toBe(false)
    expect(() =>
      createWebhook({ url: 'http://x', secret: 'none', fetch, now: Date.now, log: unreadLog }),
    ).toThrow(TypeError)
  })
})

describe('events of thresholds', () => {
  it('have an id of their own for whose budget, window and share, the same each time', () => {
    const crossing = {
      account: 'firebase:demo:u1',
      window: 'day',
      period: '2026-11-21',
      percent: 80,
      used: 8,
      limit: 10,
    } as const
    const ids = (at: number) =>
      thresholdEvents(
        [
          crossing,
          { ...crossing, account: undefined },
          { ...crossing, percent: 50 },
          { ...crossing, account: 'project' },
          { ...crossing, period: '2026-11-22' },
        ],
        at,
      ).map(({ id }) => id)
    expect(new Set(ids(1)).size).toBe(5)
    expect(ids(2)).toEqual(ids(1))
    expect(thresholdEvents([crossing], NOW)).toEqual([
      {
        id: 'budget_2026-11-21_day_80_account_firebase%3Ademo%3Au1',
        type: 'budget.threshold_reached',
        at: NOW,
        data: { scope: 'account', ...crossing },
      },
    ])
    expect(thresholdEvents([{ ...crossing, account: undefined }], NOW)[0]?.data).toEqual({
      ...crossing,
      scope: 'project',
      account: undefined,
    })
  })
})

describe('its configuration', () => {
  it('is a URL with a secret, or neither', () => {
    expect(edgeConfig(EDGE_VARIABLES_SET).webhook).toBeUndefined()
    const url = 'https://example.com/hook'
    expect(edgeConfig({ ...EDGE_VARIABLES_SET, WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET }).webhook).toEqual({
      url,
      secret: SECRET,
    })
    expect(() => edgeConfig({ ...EDGE_VARIABLES_SET, WEBHOOK_URL: url })).toThrow('WEBHOOK_SECRET')
    expect(() =>
      edgeConfig({ ...EDGE_VARIABLES_SET, WEBHOOK_URL: url, WEBHOOK_SECRET: 'open sesame' }),
    ).toThrow(/^Configuration: WEBHOOK_SECRET: (?!.*open sesame)/)
  })
})
