import { createPublicKey } from 'node:crypto'
import { base64url } from 'jose'
import { keysBrought, noTokens, OTHER_ALGORITHMS, STRANGE_KIDS } from '../../fixtures/attacks/tokens.ts'
import { otherKeys, resign } from '../../fixtures/signed-world.ts'
import { keys, mint, stack } from '../../fixtures/stack/client.ts'
import type { Attack, World } from './world.ts'

const encode = (value: unknown) => base64url.encode(JSON.stringify(value))
const attack = (
  what: string,
  code: Attack['code'],
  token: (world: World) => string | Promise<string>,
): Attack => ({ what, code, status: 401, send: async (world) => ({ token: await token(world) }) })

const seconds = () => Math.floor(Date.now() / 1000)
const HOUR_MS = 3_600_000

/** Names of `noTokens` that depend on nothing but how many there are. */
const WORDS = noTokens('a.b.c').map(([what]) => what)

/** What is no token at all, or was signed by nobody who may. */
export const FORGED: readonly Attack[] = [
  ...WORDS.map((what, at) =>
    attack(`no token: ${what}`, 'token_malformed', ({ eve }) => noTokens(eve)[at]?.[1] ?? ''),
  ),
  ...OTHER_ALGORITHMS.map((alg) =>
    attack(`alg "${alg}"`, 'token_algorithm_refused', ({ eve }) => {
      const [, payload, signature] = eve.split('.')
      return `${encode({ alg, kid: keys.firebase.kid })}.${payload}.${signature}`
    }),
  ),
  ...(['spki', 'jwk'] as const).map((form) =>
    attack(`HS256 with the public key as ${form}`, 'token_algorithm_refused', ({ eve }) => {
      const key = createPublicKey({ key: keys.firebase.publicJwk, format: 'jwk' })
      const secret =
        form === 'jwk' ? JSON.stringify(keys.firebase.publicJwk) : key.export({ type: 'spki', format: 'pem' })
      return resign(eve, keys.firebase, {
        header: { alg: 'HS256' },
        key: new TextEncoder().encode(String(secret)),
      })
    }),
  ),
  ...STRANGE_KIDS.map((kid) =>
    attack(`kid ${kid.slice(0, 30)}`, 'token_key_unknown', ({ headed }) => headed({ kid })),
  ),
  ...keysBrought(otherKeys.firebase.publicJwk).map((brought) =>
    attack(`a key brought along: ${Object.keys(brought)}`, 'token_signature_invalid', ({ forged }) =>
      forged(brought),
    ),
  ),
  attack('a critical extension', 'token_malformed', ({ eve }) => {
    const [, payload, signature] = eve.split('.')
    return `${encode({ alg: 'RS256', kid: keys.firebase.kid, crit: ['exp'] })}.${payload}.${signature}`
  }),
  attack('signed by another', 'token_signature_invalid', ({ forged }) => forged()),
  ...['firebase', 'supabase'].map((issuer) =>
    attack(`another plan written into a token of ${issuer}`, 'token_signature_invalid', (world) => {
      const [header, payload = '', signature] = (issuer === 'firebase' ? world.eve : world.supabase).split(
        '.',
      )
      const claims: object = JSON.parse(new TextDecoder().decode(base64url.decode(payload)))
      const more = { twohop: { plan: 'pro', role: 'admin' }, app_metadata: { twohop: { role: 'admin' } } }
      return `${header}.${encode({ ...claims, ...more })}.${signature}`
    }),
  ),
  attack("one issuer's claims under the other's key", 'token_algorithm_refused', ({ eve }) =>
    resign(eve, keys.supabase),
  ),
]

/** What the issuer itself signed, but not for here, not now or not for a user. */
export const NOT_FOR_HERE: readonly Attack[] = [
  attack('of another project', 'token_issuer_unknown', ({ claimed }) =>
    claimed({ iss: 'https://securetoken.google.com/elsewhere', aud: 'elsewhere' }),
  ),
  attack('whose issuer has a slash more', 'token_issuer_unknown', ({ claimed }) =>
    claimed({ iss: `https://securetoken.google.com/${stack.issuers.firebase.projectId}/` }),
  ),
  attack('whose issuer is a list', 'token_issuer_unknown', ({ claimed }) =>
    claimed({ iss: [`https://securetoken.google.com/${stack.issuers.firebase.projectId}`] }),
  ),
  attack('for another audience', 'token_audience_wrong', ({ claimed }) => claimed({ aud: 'elsewhere' })),
  attack('for no audience', 'token_claims_invalid', ({ claimed }) => claimed({ aud: undefined })),
  attack('that has expired', 'token_expired', ({ mintAt }) =>
    mintAt(-2 * HOUR_MS).mintFirebase({ uid: 'late', email: 'late@example.com' }),
  ),
  attack('of Supabase that has expired', 'token_expired', ({ mintAt }) =>
    mintAt(-2 * HOUR_MS).mintSupabase({ id: crypto.randomUUID(), email: 'late@example.com' }),
  ),
  attack('of the future', 'token_not_yet_valid', ({ mintAt }) =>
    mintAt(2 * HOUR_MS).mintFirebase({ uid: 'early', email: 'early@example.com' }),
  ),
  attack('not before tomorrow', 'token_not_yet_valid', ({ claimed }) => claimed({ nbf: seconds() + 86_400 })),
  ...([undefined, '', 'x'.repeat(129), 7, null, 'a\0b', '\ud800'] as const).map((sub) =>
    attack(`whose subject is ${JSON.stringify(sub)?.slice(0, 12)}`, 'token_claims_invalid', ({ claimed }) =>
      claimed({ sub }),
    ),
  ),
  ...([undefined, 'soon', 4102444800.5, 9e15] as const).map((exp) =>
    attack(`that ends ${exp}`, 'token_claims_invalid', ({ claimed }) => claimed({ exp })),
  ),
  ...([-1, 1.5, 'now'] as const).map((iat) =>
    attack(`issued ${iat}`, 'token_claims_invalid', ({ claimed }) => claimed({ iat })),
  ),
  attack('of a tenant', 'token_claims_invalid', ({ claimed }) =>
    claimed({ firebase: { sign_in_provider: 'password', tenant: 't' } }),
  ),
  attack('without a way to sign in', 'token_claims_invalid', ({ claimed }) => claimed({ firebase: {} })),
  ...['service_role', 'anon', 'supabase_admin'].map((role) =>
    attack(`of Supabase's role ${role}`, 'token_claims_invalid', ({ supabaseClaimed }) =>
      supabaseClaimed({ role }),
    ),
  ),
]

const notUsers = { status: 403 } as const
/** Whom the issuer knows and we let in nowhere. */
export const NOT_ACTIVE: readonly Attack[] = [
  ...(['firebase', 'supabase'] as const).map(
    (issuer): Attack => ({
      what: `suspended by ${issuer}'s claims`,
      ...notUsers,
      code: 'account_suspended',
      send: () => ({ token: stack.tokens[issuer].suspended }),
    }),
  ),
  {
    what: 'anonymous of Firebase',
    ...notUsers,
    code: 'anonymous_not_allowed',
    send: async () => ({ token: await mint.mintFirebase({ uid: 'nobody' }) }),
  },
  {
    what: 'anonymous of Supabase',
    ...notUsers,
    code: 'anonymous_not_allowed',
    send: async () => ({ token: await mint.mintSupabase({ id: crypto.randomUUID() }) }),
  },
  {
    what: 'with an e-mail address that nobody proved',
    ...notUsers,
    code: 'email_unverified',
    send: async () => ({
      token: await mint.mintFirebase({ uid: 'un', email: 'ceo@example.com', emailVerified: false }),
    }),
  },
  ...['platinum', '__proto__', 'constructor', ' ', 'PRO'].map(
    (plan): Attack => ({
      what: `of the plan "${plan}"`,
      ...notUsers,
      code: 'plan_unknown',
      send: async ({ newToken }) => ({ token: await newToken(plan) }),
    }),
  ),
]
