import type { Plan } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { ApiKey, ApiKeyStore } from '../api-keys/port.ts'
import type { AccountStore } from '../budget/accounts.ts'
import type { Payer } from '../budget/port.ts'
import { accountOf, type Credential, type PresentedApiKey, type Principal } from '../identity/principal.ts'
import { type Entitlement, payerOf } from './entitlement.ts'
import { scopesOf } from './scopes.ts'

/** The caller of a request about keys, jobs or accounts: the credential, and what the store says of it. */
export type Caller = {
  account: string
  plan: Plan
  /** The plan that the account has without its record; undefined for the default one. */
  claimedPlan: string | undefined
  scopes: ReadonlySet<string>
  /** The API key that was presented; undefined for a user's token. */
  key: ApiKey | undefined
  /** How the store finds the caller again, in the step in which something is done. */
  payer: Payer
}

type Options = {
  entitle: (credential: Credential, override?: string) => Entitlement
  accounts: Pick<AccountStore, 'get'>
  apiKeys: Pick<ApiKeyStore, 'get'>
  /** The default plan's id. It is not written into API keys, so that a key follows when the default changes. */
  defaultPlan: () => string
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Identifies the caller of a request that reserves nothing, so that no reservation checks it. The rules are the same:
 * the records of the account and the API key take effect at once, whatever a token says. It takes one round trip, two
 * for an API key. What the caller then does looks at these records again, in its own step (edge/budget/caller.lua.ts).
 */
export function createIdentify({ entitle, accounts, apiKeys, defaultPlan, now }: Options) {
  /** @throws TwohopError why this credential may do nothing, or store_unavailable */
  return async function identify(credential: Credential): Promise<Caller> {
    return credential.issuer === 'key' ? keyHolder(credential) : user(credential)
  }

  async function user(principal: Principal): Promise<Caller> {
    const account = accountOf(principal)
    const record = await activeAccount(account)
    if (principal.issuedAt < (record.revokedBefore ?? 0))
      throw new TwohopError('token_revoked', 'This token was revoked; sign in again.')
    const { plan, spender } = entitle(principal, record.plan)
    const scopes = scopesOf(plan.scopes, principal.roles, principal.scopes)
    const claimedPlan = spender.plan === defaultPlan() ? undefined : spender.plan
    return { account, plan, claimedPlan, scopes, key: undefined, payer: payerOf(principal) }
  }

  async function keyHolder(presented: PresentedApiKey): Promise<Caller> {
    const key = await apiKeys.get(presented.id)
    // These are hashes of 256 random bits, so the time of the comparison tells nothing useful about the secret.
    if (!key || key.secretHash !== presented.secretHash)
      throw new TwohopError('key_invalid', 'There is no such API key.')
    if (key.revoked) throw new TwohopError('key_revoked', 'This API key was revoked.')
    if (key.expiresAt <= now()) throw new TwohopError('key_expired', 'This API key has expired.')
    const record = await activeAccount(key.account)
    const { plan } = entitle(presented, record.plan ?? key.plan)
    const scopes = new Set(key.scopes)
    return { account: key.account, plan, claimedPlan: key.plan, scopes, key, payer: payerOf(presented) }
  }

  async function activeAccount(account: string) {
    const record = await accounts.get(account)
    if (record.status === 'suspended')
      throw new TwohopError('account_suspended', 'This account is suspended.')
    return record
  }
}

/** @throws TwohopError scope_missing */
export function requireScope(
  { scopes }: Caller,
  scope: 'jobs' | 'keys' | 'admin' | 'metrics',
  why: string,
): void {
  if (!scopes.has(scope))
    throw new TwohopError('scope_missing', `This needs the scope ${scope}, which comes with ${why}.`)
}

/** What administration and metrics come with. */
const ADMINISTRATION = 'the role admin, or an API key that an administrator gave it'

/** A caller who administers, or reads the metrics. @throws TwohopError scope_missing */
export function requireAdmin(caller: Caller, scope: 'admin' | 'metrics' = 'admin'): Caller {
  requireScope(caller, scope, ADMINISTRATION)
  return caller
}
