import { decodeJwt } from 'jose'
import * as z from 'zod'
import type { Fetch } from '../../shared/fetch.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { readBoundedText } from '../../shared/read-bounded.ts'
import { EARLY_MS, googleTokenRequest, type ServiceAccount } from '../sync/google-token.ts'
import { withHostHeaders } from './host-headers.ts'

type Options = {
  /** Undefined where the host asks for no identity. */
  account: ServiceAccount | undefined
  /** The host's own address on Cloud Run, for which a token is good. */
  audience: string
  /** For the token; the host's own calls go by the other. */
  fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  now: () => number
}

const IdToken = z.object({ id_token: z.string().min(1) })
const TIMEOUT_MS = 5000
const MOST_BYTES = 64 * 1024

/**
 * `fetch` for calls to a host on Cloud Run that asks for IAM: each has an identity token of Google's in
 * `X-Serverless-Authorization`, since `Authorization` is the edge's own
 * (cloud.google.com/run/docs/authenticating/service-to-service). Without a token no call is made.
 * @throws Error, from each call, where Google gives none; it holds nothing of what was sent or answered
 */
export function withGoogleIdentity(host: Fetch, { account, audience, fetch, now }: Options): Fetch {
  if (account === undefined) return host
  let held: { token: string; until: number } | undefined

  async function identity(key: ServiceAccount): Promise<string> {
    // Requests do not wait for each other's: on workerd another request's promise may never settle.
    if (held && now() < held.until) return held.token
    const { url, ...request } = await googleTokenRequest(key, { target_audience: audience }, now())
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await fetch(url, { ...request, redirect: 'manual', signal })
    const text = await readBoundedText(answer, { most: MOST_BYTES, tooLong: () => new Error('too long') })
    const { data } = IdToken.safeParse(parseJson(text))
    if (!answer.ok || data === undefined) throw new Error(`Google gave no identity token (${answer.status})`)
    const { exp = 0 } = decodeJwt(data.id_token)
    held = { token: data.id_token, until: exp * 1000 - EARLY_MS }
    return data.id_token
  }

  return async (url, sent) => {
    const header = { 'x-serverless-authorization': `Bearer ${await identity(account)}` }
    return withHostHeaders(host, header)(url, sent)
  }
}
