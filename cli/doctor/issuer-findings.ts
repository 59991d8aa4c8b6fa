import * as z from 'zod'
import { FIREBASE_JWKS_URL } from '../../edge/identity/firebase.ts'
import { supabaseJwksUrl } from '../../edge/identity/supabase.ts'
import { type Finding, fine, ill, warning } from './finding.ts'
import { probe } from './probe.ts'

type Issuers = {
  firebaseJwksUrl?: string | undefined
  supabaseUrls: readonly string[]
  /** Projects that have a legacy secret, which needs no published key. */
  withSecret: ReadonlySet<string>
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) })

/** Whether the keys that users' tokens are verified with can be had, and are not older than their publisher allows. */
export function issuerFindings({ firebaseJwksUrl, supabaseUrls, withSecret }: Issuers): Promise<Finding[]> {
  return Promise.all([
    ...(firebaseJwksUrl === undefined ? [] : [keysFinding('keys of Firebase', firebaseJwksUrl, false)]),
    ...supabaseUrls.map((url) =>
      keysFinding(`keys of ${new URL(url).host}`, supabaseJwksUrl(url), withSecret.has(url)),
    ),
  ])
}

async function keysFinding(check: string, url: string, withSecret: boolean): Promise<Finding> {
  const answer = await probe(url)
  // Of an address that somebody set, the rest may be a secret.
  const shown = url === FIREBASE_JWKS_URL ? url : new URL(url).origin
  if (answer === undefined)
    return ill(
      check,
      `nobody answers at ${shown}, so no user's token can be verified once the keys at hand are old`,
      `curl -i ${shown}`,
    )
  const { data } = KeySet.safeParse(answer.json)
  if (answer.status !== 200 || data === undefined)
    return ill(
      check,
      `${shown} answers ${answer.status} and no keys: the project's address is wrong, or it is paused`,
    )
  if (data.keys.length === 0)
    return withSecret
      ? fine(check, 'there are none, and the legacy secret is set')
      : ill(
          check,
          'there are none: the project signs with its legacy secret. Change to an asymmetric key (Settings, JWT keys), or set SUPABASE_JWT_SECRETS',
          'npx wrangler secret put SUPABASE_JWT_SECRETS --env=""',
        )
  const [age, most] = [
    Number(answer.headers.get('age')),
    Number(/max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1]),
  ]
  if (age > most)
    return warning(
      check,
      `they are ${age} s old, and good for ${most} s: a cache on the way keeps them too long`,
    )
  return fine(check, `${data.keys.length} published`)
}
