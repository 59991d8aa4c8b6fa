import { secondOf } from '../../shared/seconds.ts'
import { wait } from '../../shared/wait.ts'
import type { Log } from '../log/port.ts'

/** Something to tell the operator of. */
export type WebhookEvent = {
  /** The same whenever the same event is sent, so that a receiver can drop a repetition. */
  id: string
  type: string
  /** When it happened, in milliseconds since the epoch. */
  at: number
  data: Record<string, unknown>
}

type WebhookOptions = {
  url: string
  /** `whsec_` and the key in base64. */
  secret: string
  fetch: typeof fetch
  /** Milliseconds since the epoch. */
  now: () => number
  /** Waits before each further try, in milliseconds; default 1 s and 5 s. Work after an answer may run for 30 s. */
  retryMs?: readonly number[]
  /** Milliseconds that one try may take; default 5000. */
  timeoutMs?: number
  log: Log
}

/** The result of one try; `status` is set where there was an answer. */
type Tried = { outcome: 'received' | 'unwanted' | 'failed'; status?: number; error?: unknown }

const PREFIX = 'whsec_'
const utf8 = new TextEncoder()

/** Whether a text is a Standard Webhooks secret: `whsec_` and 24 to 64 bytes in base64. */
export function isWebhookSecret(text: string): boolean {
  const key = keyBytes(text)
  return key !== undefined && key.length >= 24 && key.length <= 64
}

/**
 * A sender of events, signed as in Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over id, time and body.
 * Any 2xx is receipt, 410 ends the tries, anything else is tried again, as often as `retryMs` says. Sending never
 * throws: an event that was not received is lost.
 * @returns a function that sends an event and says whether it was received
 * @throws TypeError at once when the secret is not valid
 */
export function createWebhook(options: WebhookOptions) {
  const { url, fetch, now, retryMs = [1000, 5000], timeoutMs = 5000, log } = options
  const sign = createWebhookSigner(options.secret)

  async function once(id: string, body: string): Promise<Tried> {
    const timestamp = String(secondOf(now()))
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': await sign(id, timestamp, body),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await answer.body?.cancel()
      if (answer.ok) return { outcome: 'received' }
      return { outcome: answer.status === 410 ? 'unwanted' : 'failed', status: answer.status }
    } catch (error) {
      return { outcome: 'failed', error }
    }
  }

  return async function send({ id, type, at, data }: WebhookEvent): Promise<boolean> {
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
    let tried = await once(id, body)
    for (const waitMs of retryMs) {
      if (tried.outcome !== 'failed') break
      await wait(waitMs)
      tried = await once(id, body)
    }
    if (tried.outcome === 'received') return true
    const account = typeof data.account === 'string' ? data.account : undefined
    const { status, error } = tried
    await log('error', 'webhook_failed', { account, error, detail: { type, status } })
    return false
  }
}

/**
 * The signer of one secret: makes the signature header from id, time (s) and body.
 * @throws TypeError for a bad secret
 */
export function createWebhookSigner(secret: string) {
  const key = keyBytes(secret)
  if (!key) throw new TypeError('a webhook secret is whsec_ and base64')
  let imported: Promise<CryptoKey> | undefined
  return async function signWebhook(id: string, timestamp: string, body: string): Promise<string> {
    // Not at start: a worker may not compute before its first request.
    imported ??= crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const sum = await crypto.subtle.sign('HMAC', await imported, utf8.encode(`${id}.${timestamp}.${body}`))
    return `v1,${btoa(String.fromCharCode(...new Uint8Array(sum)))}`
  }
}

function keyBytes(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith(PREFIX)) return undefined
  try {
    return Uint8Array.from(atob(secret.slice(PREFIX.length)), (character) => character.charCodeAt(0))
  } catch {
    // This is no base64. The error is dropped because it quotes the secret.
    return undefined
  }
}
