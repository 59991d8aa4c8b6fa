import type { HonoRequest } from 'hono'
import { TwohopError } from '../../shared/errors.ts'
import { toHex } from '../../shared/hex.ts'
import { type Idempotency, type Payer, spenderId } from '../budget/port.ts'
import { VERSION_HEADER } from '../parse/version.ts'

/** The request header with the idempotency key (draft-ietf-httpapi-idempotency-key-header). */
const HEADER = 'Idempotency-Key'
/** 1 to 255 visible ASCII characters. Two such headers are joined by a comma and a space, so they are refused. */
const FORM = /^[\x21-\x7e]{1,255}$/

const utf8 = new TextEncoder()

type Bytes = () => Promise<Uint8Array<ArrayBuffer>>
/** The parts of Hono's context that are needed. */
type Sent = { req: HonoRequest; var: { readBody: Bytes } }

/**
 * The hashes of a request's idempotency key and of the request; undefined where the caller sent no key. Keys belong to
 * their payer: two accounts, or an account's token and its API key, may use the same one.
 * @param whose a payer, or the account of a caller who reserves nothing
 * @param bytes what tells one request from another, where that is not the body as it was sent
 * @throws TwohopError invalid_request, or as reading the body does
 */
export async function idempotencyOf(
  sent: Sent,
  whose: Payer | string,
  bytes: Bytes = sent.var.readBody,
): Promise<Idempotency | undefined> {
  const { req: request } = sent
  const key = request.header(HEADER)
  if (key === undefined) return undefined
  if (!FORM.test(key))
    throw new TwohopError(
      'invalid_request',
      `Expected 1 to 255 visible ASCII characters, found ${key.length}, or others.`,
      {
        param: HEADER,
      },
    )
  const owner = typeof whose === 'string' ? whose : spenderId(whose)
  const body = await bytes()
  const version = request.header(VERSION_HEADER)
  const asked = version === undefined ? '' : `${VERSION_HEADER}: ${version}\n`
  return {
    id: await sha256(utf8.encode(JSON.stringify([owner, key]))),
    // A request for another version of a model is another one.
    body: await sha256(utf8.encode(`${request.method} ${request.path}\n${asked}`), body),
  }
}

/** Hex. */
async function sha256(...parts: Uint8Array<ArrayBuffer>[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())
  return toHex(digest)
}
