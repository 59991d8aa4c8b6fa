import { onTestFinished } from 'vitest'
import { createVerifyToken } from '../../../edge/identity/verify.ts'
import { edgeConfig } from '../../../edge/runtime/config.ts'
import { createIssuer, type IssuerOptions } from '../../../local/issuer/issuer.ts'
import { EDGE_NEEDS } from '../../fixtures/edge-variables.ts'
import { unreadLog } from '../../fixtures/log.ts'

export type Answer = { status: number; body: Record<string, unknown>; headers: Headers }
type Call = {
  method?: string
  headers?: Record<string, string>
  body?: unknown
  form?: Record<string, string>
}

/** A local issuer that pages of localhost may use, what it answers, and the edge's verifier of its tokens. */
export async function signInIssuer(options: IssuerOptions = {}) {
  const issuer = await createIssuer({ origins: 'http://localhost:*', ...options })
  onTestFinished(() => issuer.close())
  const verify = createVerifyToken(edgeConfig({ ...EDGE_NEEDS, ...issuer.environment }).issuers, {
    ...{ fetch, now: options.now ?? Date.now, log: unreadLog },
  })
  async function call(path: string, { method, headers, body, form }: Call = {}): Promise<Answer> {
    const sent = form ? new URLSearchParams(form) : body === undefined ? undefined : JSON.stringify(body)
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
    const answer = await fetch(`${issuer.supabase.url}${path}`, {
      method: method ?? (sent === undefined ? 'GET' : 'POST'),
      headers: { ...(sent !== undefined && { 'content-type': type }), ...headers },
      ...(sent !== undefined && { body: sent }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text), headers: answer.headers }
  }
  return { issuer, call, verify }
}
