import { UnsecuredJWT } from 'jose'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { readClaims, TokenTimes } from '../identity/claims.ts'
import { decodeUnverified } from '../identity/compact-token.ts'
import { firebaseIss, firebaseIssuer, PROJECT_ID } from '../identity/firebase.ts'
import { type IssuerConfig, issuerName } from '../identity/issuer.ts'
import type { Principal } from '../identity/principal.ts'
import { supabaseIss } from '../identity/supabase.ts'
import { createVerifyToken } from '../identity/verify.ts'
import { Complaint } from './complaint.ts'
import { isLoopback } from './loopback.ts'
import type { VerifyOther } from './platform.ts'
import type { Variables } from './read-variables.ts'

// Development mode: tokens that anybody can make. Only the edge on Node imports this file, and refuses to start with it
// unless nobody but this machine can reach it (edge/runtime/node-server.ts). No deployed bundle holds it.

/** The secret of every `supabase start`, which is no secret. */
const LOCAL_SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long'

/** What is emulated: Firebase projects by id, Supabase projects by URL. */
export type Emulators = { projects: readonly string[]; urls: readonly string[] }

/** `EDGE_EMULATORS`: `firebase:<project id>` and `supabase:<URL on this machine>`, joined by commas. */
export const EmulatorList = z.string().transform((text, context): Emulators => {
  const entries = text.split(',').map((entry) => entry.trim())
  const projects = entries.flatMap((entry) => projectOf(/^firebase:(.+)$/.exec(entry)?.[1]) ?? [])
  const urls = entries.flatMap((entry) => loopbackOrigin(/^supabase:(.+)$/.exec(entry)?.[1]) ?? [])
  if (projects.length + urls.length !== entries.length)
    context.addIssue('must be firebase:<project id> or supabase:<URL on this machine>, joined by commas')
  return { projects, urls }
})

const projectOf = (text = '') => (PROJECT_ID.test(text) ? text : undefined)

function loopbackOrigin(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && isLoopback(url.hostname) && url.pathname === '/' ? url.origin : undefined
}

/**
 * Why development mode may not be on. What is emulated must be no issuer that is trusted for real, whose users could
 * then be named by anybody; and nobody but this machine may reach the edge.
 * @returns one complaint for each reason
 */
export function refuseEmulators(
  { projects, urls }: Emulators,
  { bind, proxies, variables }: { bind: string; proxies: number; variables: Variables },
): Complaint[] {
  const trusted = new Set(
    [variables.FIREBASE_PROJECT_IDS, variables.SUPABASE_URLS]
      .flatMap((list) => (list ?? '').split(','))
      .map((item) => URL.parse(item.trim())?.origin ?? item.trim()),
  )
  const both = [...projects, ...urls].some((name) => trusted.has(name))
  const rules = [
    ...(isLoopback(bind) ? [] : ['only where EDGE_BIND is an address of this machine alone']),
    ...(proxies === 0 ? [] : ['only where EDGE_PROXIES is none']),
    ...(/^\s*prod/i.test(variables.NODE_ENV ?? '') ? ['not where NODE_ENV is production'] : []),
    ...(both ? ['names what FIREBASE_PROJECT_IDS or SUPABASE_URLS trusts for real already'] : []),
  ]
  return rules.map((rule) => new Complaint('wrong', 'EDGE_EMULATORS', rule))
}

/** The edge's variables with what is emulated among its issuers, so that plans, claims and administration work as ever. */
export function withEmulated(variables: Variables, { projects, urls }: Emulators): Variables {
  const joined = (list: string | undefined, more: readonly string[]) =>
    [...(list ? [list] : []), ...more].join(',')
  return {
    ...variables,
    FIREBASE_PROJECT_IDS: joined(variables.FIREBASE_PROJECT_IDS, projects),
    SUPABASE_URLS: joined(variables.SUPABASE_URLS, urls),
  }
}

/** Verifies tokens of what is emulated, and of nobody else: any other issuer's token is left to the real verifier. */
export function createVerifyEmulated({ projects, urls }: Emulators): VerifyOther {
  return (issuers, { fetch, now, log }) => {
    const byIss = new Map<unknown, (token: string) => Promise<Principal>>()
    for (const config of issuers)
      if (config.kind === 'firebase' && projects.includes(config.projectId))
        byIss.set(firebaseIss(config.projectId), unsigned(config, now))
    const local = issuers.flatMap((config) =>
      config.kind === 'supabase' && urls.includes(config.url)
        ? [{ ...config, jwtSecret: config.jwtSecret ?? LOCAL_SECRET }]
        : [],
    )
    const verifyLocal = createVerifyToken(local, { fetch, now, log })
    for (const { url } of local) byIss.set(supabaseIss(url), verifyLocal)
    return async (token) => byIss.get(decodeUnverified(token).iss)?.(token)
  }
}

/** The Auth emulator's tokens: without a signature, in all else as Firebase's. */
function unsigned(config: IssuerConfig & { kind: 'firebase' }, now: () => number) {
  const noKey = () => Promise.reject(new Error(`${issuerName(config)} signs nothing`))
  const issuer = firebaseIssuer(config.projectId, noKey, config.claims)
  return async (token: string): Promise<Principal> => {
    const { alg } = decodeUnverified(token)
    if (alg !== 'none')
      throw new TwohopError(
        'token_algorithm_refused',
        'This project is emulated here: only its emulator is heard.',
      )
    const claims = claimsOf(token, issuer.iss, issuer.audience, now())
    readClaims(TokenTimes, claims)
    return issuer.principal(claims, now() / 1000)
  }
}

function claimsOf(token: string, issuer: string, audience: string, at: number) {
  try {
    return UnsecuredJWT.decode(token, { issuer, audience, currentDate: new Date(at) }).payload
  } catch (cause) {
    throw new TwohopError(
      'token_claims_invalid',
      "The emulator's token is not acceptable here, or has expired.",
      {
        cause,
      },
    )
  }
}

/** Names the mode in every line of the log. */
export function inEmulatorMode(write: (line: string) => void): (line: string) => void {
  return (line) => write(line.replace(/^\{/, '{"mode":"emulators",'))
}
