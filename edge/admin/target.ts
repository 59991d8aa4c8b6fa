import { oneOf } from '../../shared/allowed.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { AuditEntry } from '../audit/port.ts'
import { type IssuerConfig, issuerName } from '../identity/issuer.ts'
import { partsOf } from '../sync/port.ts'

/**
 * By issuer, as it stands in the names of accounts, the issuers whose accounts its administrators may see and act on. Its
 * keys are all issuers that are trusted here.
 */
export type Administered = ReadonlyMap<string, ReadonlySet<string>>

export function administeredBy(configs: readonly IssuerConfig[]): Administered {
  return new Map(configs.map((config) => [issuerName(config), config.administers]))
}

/** What an administrator reaches. `by` is always the administrator's own account, of a token or of an API key. */
export function createReach(administered: Administered) {
  const of = (by: string) => administered.get(partsOf(by)?.issuer ?? '') ?? new Set<string>()

  function reaches(by: string, account: string): boolean {
    return of(by).has(partsOf(account)?.issuer ?? '')
  }

  return {
    /** Whether `account` is one of those that the administrator administers. */
    reaches,

    /**
     * Checks the form of an account's name, that its issuer is trusted here, and that the administrator administers its
     * users. Without this check, a typing error would suspend nobody and report no error.
     * @throws TwohopError invalid_request or account_not_administered
     */
    requireAccount(by: string, name: string): string {
      const parts = partsOf(name)
      if (!parts)
        throw new TwohopError(
          'invalid_request',
          'Expected firebase:<project>:<uid> or supabase:<host>:<user id>, found another name.',
          { param: 'account' },
        )
      if (!administered.has(parts.issuer))
        throw new TwohopError(
          'invalid_request',
          `Expected an account of ${oneOf([...of(by)])}, found one of another issuer.`,
          { param: 'account' },
        )
      if (!reaches(by, name))
        throw new TwohopError(
          'account_not_administered',
          `The administrators of your issuer do not administer the accounts of ${parts.issuer}.`,
          { param: 'account' },
        )
      return name
    },

    /**
     * Whether the administrator may see an entry of the log: one about an account of theirs, or about a key of such an
     * account. An entry that names no account is for who administers everybody.
     */
    sees(by: string, { actor, target, detail }: Pick<AuditEntry, 'actor' | 'target' | 'detail'>): boolean {
      const account = [target, detail.account, actor].find(
        (name): name is string => typeof name === 'string' && partsOf(name) !== undefined,
      )
      return account === undefined
        ? [...administered.keys()].every((issuer) => of(by).has(issuer))
        : reaches(by, account)
    },
  }
}
