import { createExpiringMap } from '../../shared/expiring-map.ts'
import type { PresentedApiKey } from '../identity/principal.ts'
import type { ApiKeyStore, Revocation } from './port.ts'
import { ENDED_REMEMBERED_MS, NONE_REMEMBERED_MS, rememberedName } from './remembered.ts'

/**
 * Ends a key that was found where it should not be. Whoever presents the secret may; no credential is asked for.
 * @returns what ended; undefined where there is no such key
 * @throws TwohopError store_unavailable
 */
export type ReportLeak = (key: PresentedApiKey, source: string | undefined) => Promise<Revocation | undefined>

type Options = {
  apiKeys: Pick<ApiKeyStore, 'revoke'>
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Reports remembered at most; default 1,000. */
  capacity?: number
}

/**
 * A ReportLeak. No limit is needed, and so none can be used up to hold off a true report: the checksum keeps made-up keys
 * away, a key ends once, and the store is not asked again about one that it just spoke of. The script that ends the key
 * writes nothing where there is none.
 */
export function createLeakReports({ apiKeys, now, capacity = 1000 }: Options): ReportLeak {
  const answered = createExpiringMap<string, { ended: Revocation | undefined }>({ capacity, now })

  return async function reportLeak(key, source) {
    const { id, secretHash } = key
    const name = rememberedName(key)
    const known = answered.get(name)
    if (known) return known.ended
    const ended = await apiKeys.revoke(
      id,
      { secretHash },
      {
        actor: 'leak report',
        action: 'key.leaked',
        target: id,
        reason: undefined,
        detail: source === undefined ? {} : { source },
      },
    )
    const again = ended && { ...ended, revoked: false }
    answered.set(name, { ended: again }, now() + (again ? ENDED_REMEMBERED_MS : NONE_REMEMBERED_MS))
    return ended
  }
}
