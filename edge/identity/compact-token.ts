import { base64url } from 'jose'
import { TwohopError } from '../../shared/errors.ts'

/** What a token says of itself before it is verified. Use it only to choose the issuer. */
export type UnverifiedToken = { alg: string; kid: unknown; iss: unknown }

/** Real tokens have 1 to 2 KB; Firebase caps custom claims at 1000 bytes. */
const MAX_CHARACTERS = 8 * 1024

/**
 * base64url without padding (RFC 7515 section 2) in its one canonical spelling: the unused low bits of the last
 * character are zero, so that no two spellings of a token carry the same bytes.
 */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @throws TwohopError token_malformed for a token of more than 8 KiB, before any other work is spent on it */
export function assertTokenSize(token: string): void {
  if (token.length > MAX_CHARACTERS) throw malformed(`it is longer than ${MAX_CHARACTERS} characters`)
}

/** Splits and decodes a compact JWS (RFC 7515). Nothing is verified here. @throws TwohopError token_malformed */
export function decodeUnverified(token: string): UnverifiedToken {
  const parts = token.split('.')
  const [header, payload] = parts
  if (parts.length !== 3 || !header || !payload) throw malformed('it is not three parts joined by dots')
  if (!parts.every((part) => BASE64URL.test(part))) throw malformed('a part of it is not base64url')
  const { alg, kid, crit } = parseObject(header, 'header')
  if (typeof alg !== 'string') throw malformed('its header names no algorithm')
  // RFC 7515 section 4.1.11: a recipient that does not understand a critical extension must refuse. We understand none.
  if (crit !== undefined) throw malformed('its header demands an extension (`crit`)')
  return { alg, kid, iss: parseObject(payload, 'payload').iss }
}

function parseObject(part: string, name: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(UTF8.decode(base64url.decode(part)))
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`its ${name} is not a JSON object`)
  }
  return value as Record<string, unknown>
}

function malformed(reason: string): TwohopError {
  return new TwohopError('token_malformed', `The bearer token is not a JSON Web Token: ${reason}.`)
}
