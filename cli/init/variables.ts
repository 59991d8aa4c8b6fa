import { randomBytes } from 'node:crypto'
import type { ServiceKeys } from '../../local/service-keys.ts'
import type { Catalog } from '../../shared/catalog.ts'
import type { Answers, Runtime } from './answers.ts'
import { plainJson } from './env-file.ts'

/** The edge's variables, by whether they are secret. */
export type EdgeSettings = { plain: Map<string, string>; secret: Map<string, string> }

/** Names that begin as a platform's own are set with TWOHOP_ before them there (edge/runtime/own-names.ts). */
const TAKEN: Partial<Record<Runtime, string>> = { supabase: 'SUPABASE_', firebase: 'FIREBASE_' }

/** A secret that nobody guesses: 256 bits. */
const newSecret = () => randomBytes(32).toString('base64url')

/**
 * The edge's variables for a runtime, as they are set there.
 * @param kept secrets that are there already: a new one would end what depends on it, such as API keys
 */
export function edgeSettings(
  { runtime, firebaseProjects, supabaseUrls, origins, redisUrl, hostUrl }: Answers,
  catalog: Catalog,
  { privateKey }: Pick<ServiceKeys, 'privateKey'>,
  { redisToken, kept }: { redisToken: string | undefined; kept: ReadonlyMap<string, string> },
): EdgeSettings {
  const plain: Record<string, string> = {
    FIREBASE_PROJECT_IDS: firebaseProjects.join(','),
    SUPABASE_URLS: supabaseUrls.join(','),
    ALLOWED_ORIGINS: origins.join(','),
    UPSTASH_REDIS_REST_URL: redisUrl ?? '',
    HOST_URL: hostUrl ?? '',
    CATALOG: plainJson(catalog),
  }
  const secret: Record<string, string> = {
    UPSTASH_REDIS_REST_TOKEN: redisToken ?? kept.get('UPSTASH_REDIS_REST_TOKEN') ?? '',
    SERVICE_TOKEN_PRIVATE_KEY: plainJson(privateKey),
    API_KEY_SECRETS: kept.get('API_KEY_SECRETS') ?? newSecret(),
    ...(runtime === 'supabase' && { SCHEDULE_SECRET: kept.get('SCHEDULE_SECRET') ?? newSecret() }),
  }
  const prefix = TAKEN[runtime]
  const named = (variables: Record<string, string>) =>
    new Map(
      Object.entries(variables).flatMap(([name, value]) =>
        value === '' ? [] : [[prefix && name.startsWith(prefix) ? `TWOHOP_${name}` : name, value] as const],
      ),
    )
  return { plain: named(plain), secret: named(secret) }
}

/** The host's variables. Its keys are public; they stand in a file of their own, because the container is elsewhere. */
export function hostSettings({ publicKeys }: Pick<ServiceKeys, 'publicKeys'>): Map<string, string> {
  return new Map([['SERVICE_TOKEN_PUBLIC_KEYS', plainJson(publicKeys)]])
}
