import type { ApiKey, ApiKeyStore } from '../api-keys/port.ts'
import type { AccountRecord, AccountStore } from '../budget/accounts.ts'
import { shownPrefix } from '../identity/api-key-form.ts'
import type { LoggedAct } from './act.ts'
import type { MirroredAccount, MirroredApiKey, ReadMirror } from './mirror.ts'

type Options = {
  accounts: Pick<AccountStore, 'get'>
  apiKeys: Pick<ApiKeyStore, 'get'>
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Reads accounts and API keys from the edge's own stores. Requests of one tick share a round trip. An act and its row are
 * one step, so what a row is about is there.
 */
export function createReadMirror({ accounts, apiKeys, now }: Options): ReadMirror {
  return async function readMirror(acts) {
    const readAt = now()
    const ofKeys = Map.groupBy(
      acts.filter(({ action }) => action.startsWith('key.')),
      ({ target }) => target,
    )
    const names = new Set(
      acts.flatMap(({ action, target }) => (action.startsWith('account.') ? [target] : [])),
    )
    const [foundKeys, foundAccounts] = await Promise.all([
      Promise.all([...ofKeys].map(async ([id, about]) => mirroredApiKey(await apiKeys.get(id), about))),
      Promise.all([...names].map(async (id) => mirroredAccount(id, await accounts.get(id)))),
    ])
    // Redis drops a key 30 days after its end; such a key is left out.
    return { accounts: foundAccounts, apiKeys: foundKeys.filter((key) => key !== undefined), readAt }
  }
}

function mirroredAccount(id: string, { status, plan, billingDay, revokedBefore, extra }: AccountRecord) {
  return {
    id,
    status,
    plan_id: plan ?? null,
    billing_day: billingDay ?? null,
    revoked_before: revokedBefore ?? null,
    extra_units: extra?.units ?? null,
    extra_until: extra?.until ?? null,
  } satisfies MirroredAccount
}

function mirroredApiKey(key: ApiKey | undefined, acts: readonly LoggedAct[]): MirroredApiKey | undefined {
  if (!key) return undefined
  const ended = key.revoked
    ? acts.find(({ action }) => action === 'key.revoke' || action === 'key.leaked')
    : undefined
  return {
    key_id: key.id,
    account_id: key.account,
    name: key.name,
    prefix: shownPrefix(key.id),
    hash: key.secretHash,
    scopes: key.scopes,
    made_by: key.madeBy ?? null,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    last_used_at: key.lastUsedAt ?? null,
    revoked_at: ended?.at ?? null,
    revoked_reason: ended ? (ended.reason ?? ended.action) : null,
  }
}
