import { importJWK, type JWTPayload } from 'jose'
import { inject } from 'vitest'
import { bodyHash, SERVICE_TOKEN } from '../../../shared/service-token.ts'
import { signerOf } from '../../fixtures/host/signer.ts'
import { CHAT, stack } from '../../fixtures/stack/client.ts'

/** A request as it is sent to the host. */
export type Asked = {
  method?: string
  path?: string
  authorization?: string
  headers?: Record<string, string>
  body?: string
}

export type World = Awaited<ReturnType<typeof hostWorld>>

export const ROUTE = 'POST /v1/chat/completions'
export const HELLO = JSON.stringify({
  model: CHAT,
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 1,
  stop: [],
  stream: false,
})

/** Somebody who reaches the host, which nobody should, and even has the edge's key in some of the attacks. */
export async function hostWorld() {
  const jwk = JSON.parse(inject('serviceKey')) as {
    kid: string
    d: string
    x: string
    kty: string
    crv: string
  }
  const key = await importJWK(jwk, 'EdDSA')
  if (key instanceof Uint8Array) throw new Error('the service key is an octet sequence')
  const { sign, signClaims } = signerOf(key, jwk.kid)
  const bearer = (token: string) => `Bearer ${token}`
  /** All that a good token for HELLO says. */
  async function claims(changes: Record<string, unknown> = {}): Promise<JWTPayload> {
    const seconds = Math.floor(Date.now() / 1000)
    return {
      iss: SERVICE_TOKEN.issuer,
      aud: SERVICE_TOKEN.audience,
      iat: seconds,
      exp: seconds + SERVICE_TOKEN.lifetimeSeconds,
      jti: crypto.randomUUID(),
      sub: 'eve',
      route: ROUTE,
      model: CHAT,
      scope: 'chat',
      reserved: { prompt_tokens: 100, output_tokens: 10 },
      body_sha256: await bodyHash(new TextEncoder().encode(HELLO)),
      deadline: Date.now() + 60_000,
      ...changes,
    }
  }
  return {
    jwk,
    claims,
    /** A good token for HELLO with the named claims changed. */
    claimed: async (changes: Record<string, unknown>, kid?: string) =>
      bearer(await signClaims(await claims(changes), kid)),
    /** A token that covers a route and a body. */
    covering: async (route: string, body: string, changes: Parameters<typeof sign>[2] = {}) =>
      bearer(await sign(route, body, changes)),
    ask: ({ method = 'POST', path = '/v1/chat/completions', authorization, headers, body }: Asked) =>
      fetch(`${stack.host.url}${path}`, {
        method,
        headers: { ...(authorization !== undefined && { authorization }), ...headers },
        ...(method !== 'GET' && method !== 'DELETE' && { body: body ?? HELLO }),
      }),
  }
}
