import { scriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { wholeNumber } from '../budget/allowance.ts'
import { AUDIT_STREAM, CATALOG_KEY, CATALOGS_KEY } from '../store/redis-keys.ts'
import type { CatalogStore, StoredCatalog } from './catalog-source.ts'
import { PUSH_CATALOG } from './push-catalog.lua.ts'

/** Versions of the catalog that are kept. */
export const CATALOGS_KEPT = 20

/** A version of the catalog; `at` in milliseconds since the epoch. */
export type CatalogVersion = StoredCatalog & { at: number }

/** What its operator does with the catalog. Every method throws as those of CatalogStore. */
export type CatalogAdmin = CatalogStore & {
  /** The versions that are kept, the newest first. */
  versions(): Promise<CatalogVersion[]>
  /**
   * Puts a catalog in the place of version `seen`, 0 for none; without a text the deployed one.
   * @returns its version; undefined where another is there by now
   */
  push(seen: number, text: string | undefined, action: string, reason: string): Promise<number | undefined>
}

/** The catalog in Upstash Redis, over HTTP: one round trip each. */
export function createUpstashCatalog(options: UpstashOptions): CatalogAdmin {
  const redis = upstashClient(options)
  const asked = <T>(ask: () => Promise<T>) => orUnavailable(ask, 'The catalog cannot be read right now.')
  return {
    version: () => asked(async () => numberOf(await redis.command('HGET', CATALOG_KEY, 'version'))),
    read: () =>
      asked(async () => {
        const reply = await redis.command('HMGET', CATALOG_KEY, 'version', 'catalog')
        if (!Array.isArray(reply)) throw new TypeError('the store gave no catalog')
        return { version: numberOf(reply[0]), text: textOf(reply[1]) }
      }),
    versions: () =>
      asked(async () => {
        const reply = await redis.command('HGETALL', CATALOGS_KEY)
        const words = Array.isArray(reply) ? reply.map(String) : []
        return Array.from({ length: words.length / 2 }, (_, i) =>
          versionOf(words[2 * i], words[2 * i + 1]),
        ).sort((a, b) => b.version - a.version)
      }),
    push: (seen, text, action, reason) =>
      asked(async () => {
        const args = [0, seen, text ?? '', CATALOGS_KEPT, action, reason]
        const call = scriptCall(PUSH_CATALOG, [CATALOG_KEY, CATALOGS_KEY, AUDIT_STREAM], args)
        const reply = await runScript(redis, call)
        const [said, version] = Array.isArray(reply) ? reply : []
        if (said !== 'pushed' && said !== 'changed')
          throw new TypeError('the store did not say what became of it')
        return said === 'pushed' ? wholeNumber(version) : undefined
      }),
  }
}

function numberOf(reply: unknown): number {
  if (reply === null || reply === undefined) return 0
  return wholeNumber(Number(reply))
}

const textOf = (reply: unknown): string | undefined =>
  typeof reply === 'string' && reply !== '' ? reply : undefined

function versionOf(version = '', stored = ''): CatalogVersion {
  const space = stored.indexOf(' ')
  return {
    version: Number(version),
    at: Number(stored.slice(0, space)),
    text: textOf(stored.slice(space + 1)),
  }
}
