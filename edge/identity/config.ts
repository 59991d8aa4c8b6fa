import { isSecureUrl } from '../../shared/secure-url.ts'
import { FIREBASE_JWKS_URL } from './firebase.ts'
import type { IssuerConfig } from './issuer.ts'
import { MIN_SECRET_BYTES } from './supabase.ts'

/** Google Cloud's rule for project ids. */
const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/

/**
 * Reads which issuers to trust from configuration:
 * - `FIREBASE_PROJECT_IDS`: project ids, joined by commas.
 * - `FIREBASE_JWKS_URL`: where Firebase's public keys lie; default Google's.
 * - `SUPABASE_URLS`: project URLs such as `https://abc.supabase.co`, joined by commas.
 * - `SUPABASE_JWT_SECRETS`: JSON `{"<project URL>": "<legacy HS256 secret>"}`; default none, HS256 refused.
 *
 * Throws an Error that names the variable, the value and the rule (a secret is never shown) for a value that
 * does not fit, and where no issuer is configured at all.
 */
export function issuersFromConfig(env: Readonly<Record<string, string | undefined>>): IssuerConfig[] {
  const jwksUrl = env.FIREBASE_JWKS_URL
    ? secureUrl('FIREBASE_JWKS_URL', env.FIREBASE_JWKS_URL).href
    : FIREBASE_JWKS_URL
  const firebase = list('FIREBASE_PROJECT_IDS', env.FIREBASE_PROJECT_IDS, projectId)
  const supabase = list('SUPABASE_URLS', env.SUPABASE_URLS, projectUrl)
  const secrets = jwtSecrets(env.SUPABASE_JWT_SECRETS, supabase)
  if (firebase.length + supabase.length === 0) {
    throw new Error('No issuer is configured: set FIREBASE_PROJECT_IDS, SUPABASE_URLS or both.')
  }
  return [
    ...firebase.map((projectId): IssuerConfig => ({ kind: 'firebase', projectId, jwksUrl })),
    ...supabase.map((url): IssuerConfig => ({ kind: 'supabase', url, jwtSecret: secrets.get(url) })),
  ]
}

function list(
  name: string,
  value: string | undefined,
  read: (name: string, item: string) => string,
): string[] {
  const items = (value ?? '').split(',').map((item) => item.trim())
  const values = items.filter((item) => item !== '').map((item) => read(name, item))
  const twice = values.find((item, index) => values.indexOf(item) !== index)
  if (twice !== undefined) throw new Error(`${name}: "${twice}" is listed twice.`)
  return values
}

function projectId(name: string, value: string): string {
  if (!PROJECT_ID.test(value)) {
    throw new Error(`${name}: "${value}" is no project id (6 to 30 lower-case letters, digits and hyphens).`)
  }
  return value
}

function projectUrl(name: string, value: string): string {
  const url = secureUrl(name, value)
  if (url.pathname !== '/' || url.search !== '') {
    throw new Error(
      `${name}: "${value}" must be a project's URL without a path, like https://abc.supabase.co.`,
    )
  }
  return url.origin
}

/** Keys fetched over plain HTTP can be swapped on the way, so only this machine itself is excepted. */
function secureUrl(name: string, value: string): URL {
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new Error(`${name}: this value is no URL, or one with a password or a fragment.`)
  }
  if (!isSecureUrl(url)) {
    throw new Error(`${name}: "${value}" must begin with https:// (http:// is for loopback only).`)
  }
  return url
}

function jwtSecrets(value: string | undefined, urls: readonly string[]): Map<string, string> {
  const name = 'SUPABASE_JWT_SECRETS'
  const secrets = new Map<string, string>()
  if (!value) return secrets
  for (const [key, secret] of Object.entries(parseObject(name, value))) {
    const url = URL.parse(key)?.origin
    // The key is not quoted: whoever swapped the two sides has written the secret there.
    if (url === undefined || !urls.includes(url))
      throw new Error(`${name}: a key is not one of SUPABASE_URLS.`)
    if (typeof secret !== 'string' || new TextEncoder().encode(secret).byteLength < MIN_SECRET_BYTES) {
      throw new Error(
        `${name}: the secret of "${url}" must be a string of at least ${MIN_SECRET_BYTES} bytes.`,
      )
    }
    secrets.set(url, secret)
  }
  return secrets
}

function parseObject(name: string, value: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    parsed = undefined // the parser's message quotes the text, and with it a secret
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error(`${name}: must be a JSON object {"<project URL>": "<secret>"}.`)
  }
  return parsed
}
