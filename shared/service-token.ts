import * as z from 'zod'
import { webSha256 } from './sha256.ts'

/**
 * The service token that goes with each request from the edge to the host: a JWT (RFC 7519) over Ed25519 (RFC 8037),
 * made by the edge for one request and valid for one use. The host holds public keys only.
 */
export const SERVICE_TOKEN = {
  issuer: 'twohop-edge',
  audience: 'twohop-host',
  algorithm: 'EdDSA',
  lifetimeSeconds: 60,
} as const

/** The most milliseconds from a request to its deadline. */
export const LONGEST_REQUEST_MS = 15 * 60_000

/** What the token binds: account, route, model, scope, most tokens, the exact bytes of the body, and the deadline. */
export const ServiceClaims = z.object({
  iss: z.literal(SERVICE_TOKEN.issuer),
  aud: z.literal(SERVICE_TOKEN.audience),
  iat: z.int(),
  exp: z.int(),
  /** The request's id; the host accepts each at most once per route. */
  jti: z.string().min(1).max(128),
  /** The account that spends. */
  sub: z.string().min(1).max(512),
  /** Method and path, such as `POST /v1/chat/completions`. */
  route: z.string().max(256),
  model: z.string().max(200),
  scope: z.string().max(100),
  /** Tokens that the reservation covers; the host never computes more. */
  reserved: z.object({ prompt_tokens: z.int().min(0), output_tokens: z.int().min(0) }),
  /** base64url of the SHA-256 of the body's bytes. */
  body_sha256: z.string().length(43),
  /** Milliseconds since the epoch after which the answer is worthless. */
  deadline: z.int(),
  /** The account's share of a busy host, relative to other accounts; from its plan. */
  weight: z.number().min(0.01).max(100).default(1),
})
export type ServiceClaims = z.infer<typeof ServiceClaims>

/** base64url (RFC 4648, no padding) of the SHA-256 of `body`: 43 characters. */
export async function bodyHash(body: Uint8Array<ArrayBuffer>, sha256 = webSha256): Promise<string> {
  const digest = await sha256(body)
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
