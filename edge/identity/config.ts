import * as z from 'zod'
import { entriesOf, ofEntry } from '../../shared/listed.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { isSecureUrl } from '../../shared/secure-url.ts'
import {
  type Administers,
  administersOf,
  claimNamesOf,
  type OtherClaimNames,
  type WrongVariable,
} from './claims-config.ts'
import { PROJECT_ID } from './firebase.ts'
import { type IssuerConfig, issuerName } from './issuer.ts'
import { MIN_SECRET_BYTES } from './supabase.ts'

/** How the secret begins that each project on a developer's machine has. */
const EVERYBODYS = 'super-secret-jwt-token'

/** A variable's value, or what is wrong with it. */
type Reading = { value: string } | { wrong: string }

const reading = (read: (text: string) => Reading) =>
  z.string().transform((text, context): string => {
    const result = read(text)
    if ('value' in result) return result.value
    context.addIssue(result.wrong)
    return z.NEVER
  })

/** A list of texts joined by commas, none twice. A complaint names the bad one by its place. */
const listOf = (read: (item: string) => Reading) =>
  z.string().transform((text, context): string[] => {
    const results = entriesOf(text).map(read)
    const values = results.map((result) => ('value' in result ? result.value : undefined))
    const complain = (index: number, rule: string) => context.addIssue(ofEntry(index, results.length, rule))
    for (const [i, result] of results.entries()) if ('wrong' in result) complain(i, result.wrong)
    const twice = values.findIndex((value, i) => value !== undefined && values.indexOf(value) !== i)
    if (twice >= 0) complain(twice, 'is listed twice')
    return values.filter((value) => value !== undefined)
  })

/** `FIREBASE_PROJECT_IDS`: project ids, joined by commas. */
export const FirebaseProjectIds = listOf((value) =>
  PROJECT_ID.test(value)
    ? { value }
    : { wrong: 'is no project id (6 to 30 lower-case letters, digits and hyphens)' },
)

/** `APP_CHECK_PROJECTS`: numbers of projects, joined by commas. */
export const AppCheckProjects = listOf((value) =>
  /^[1-9]\d{5,19}$/.test(value)
    ? { value }
    : { wrong: "is no project number (the console shows it in the project's settings)" },
)

/** `FIREBASE_JWKS_URL`. Plain HTTP is allowed to this machine only: elsewhere keys could be swapped on the way. */
export const SecureUrl = reading(secureUrl)

/** `SUPABASE_URLS`: project URLs such as `https://abc.supabase.co`, joined by commas. */
export const SupabaseUrls = listOf((text) => {
  const secure = secureUrl(text)
  if ('wrong' in secure) return secure
  const { origin, pathname, search } = new URL(secure.value)
  if (pathname === '/' && search === '') return { value: origin }
  return { wrong: `must be a project's URL without a path or a query, like ${origin}` }
})

/** `SUPABASE_JWT_SECRETS`: JSON `{"<project URL>": "<legacy HS256 secret>"}`. `issuersOf` checks its content. */
export const SupabaseJwtSecrets = z.string().transform((text, context): object => {
  const parsed = parseJson(text)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  context.addIssue('must be a JSON object {"<project URL>": "<secret>"}')
  return z.NEVER
})

/** The fewest characters of a secret of API keys' checksums: 32 random bytes in base64url have 43. */
const MIN_API_KEY_SECRET = 32
/** The most of them: a key is checked by each. */
const MOST_API_KEY_SECRETS = 4

/** `API_KEY_SECRETS`: the secrets of API keys' checksums, joined by commas, the newest first. */
export const ApiKeySecrets = z
  .string()
  .transform((list) => list.split(',').map((item) => item.trim()))
  .refine(
    (secrets) => secrets.every(({ length }) => length >= MIN_API_KEY_SECRET),
    `must be secrets of at least ${MIN_API_KEY_SECRET} characters each`,
  )
  .refine(({ length }) => length <= MOST_API_KEY_SECRETS, `must be at most ${MOST_API_KEY_SECRETS} secrets`)

type Config = {
  FIREBASE_PROJECT_IDS: readonly string[] | undefined
  FIREBASE_JWKS_URL: string
  SUPABASE_URLS: readonly string[] | undefined
  /** Without one HS256 is refused. */
  SUPABASE_JWT_SECRETS: object | undefined
  CLAIMS_OBJECT: string
  CLAIM_NAMES: z.infer<typeof OtherClaimNames> | undefined
  ADMINISTERS: z.infer<typeof Administers> | undefined
}

/** The issuers to trust, or why these variables do not name any. A secret is never shown. */
export function issuersOf(config: Config): IssuerConfig[] | WrongVariable {
  const {
    FIREBASE_PROJECT_IDS = [],
    FIREBASE_JWKS_URL: jwksUrl,
    SUPABASE_URLS = [],
    SUPABASE_JWT_SECRETS = {},
  } = config
  if (FIREBASE_PROJECT_IDS.length + SUPABASE_URLS.length === 0)
    return {
      variable: 'FIREBASE_PROJECT_IDS',
      wrong:
        'no issuer is configured; put the id of your Firebase project there, or the URL of your Supabase project into SUPABASE_URLS',
    }
  const secrets = jwtSecrets(SUPABASE_JWT_SECRETS, SUPABASE_URLS)
  if ('wrong' in secrets) return { variable: 'SUPABASE_JWT_SECRETS', ...secrets }
  const issuers = [
    ...FIREBASE_PROJECT_IDS.map((projectId) => ({ kind: 'firebase' as const, projectId, jwksUrl })),
    ...SUPABASE_URLS.map((url) => ({ kind: 'supabase' as const, url, jwtSecret: secrets.get(url) })),
  ]
  const names = new Set(issuers.map(issuerName))
  const claims = claimNamesOf(config, names)
  if ('wrong' in claims) return claims
  const administers = administersOf(config.ADMINISTERS, names)
  if ('wrong' in administers) return administers
  return issuers.map((issuer) => {
    const name = issuerName(issuer)
    return {
      ...issuer,
      claims: claims.get(name) ?? { object: config.CLAIMS_OBJECT, others: {} },
      administers: administers.get(name) ?? new Set<string>(),
    }
  })
}

function secureUrl(text: string): Reading {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '')
    return { wrong: 'is no URL, or one with a user name, a password or a fragment' }
  if (!isSecureUrl(url)) return { wrong: 'must begin with https:// (http:// is for loopback only)' }
  return { value: url.href }
}

function jwtSecrets(byUrl: object, urls: readonly string[]): Map<string, string> | { wrong: string } {
  const secrets = new Map<string, string>()
  for (const [key, secret] of Object.entries(byUrl)) {
    const url = URL.parse(key)?.origin
    // The key is not quoted: if the two sides were swapped, the secret stands there.
    if (url === undefined || !urls.includes(url)) return { wrong: 'a key is not one of SUPABASE_URLS' }
    if (typeof secret !== 'string' || new TextEncoder().encode(secret).byteLength < MIN_SECRET_BYTES)
      return { wrong: `the secret of "${url}" must be a string of at least ${MIN_SECRET_BYTES} bytes` }
    if (secret.startsWith(EVERYBODYS))
      return { wrong: `the secret of "${url}" is that of every local project, so anybody has it` }
    secrets.set(url, secret)
  }
  return secrets
}
