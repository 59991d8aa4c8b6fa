import { oneOf } from '../../shared/allowed.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { IssuerConfig } from '../identity/issuer.ts'
import { partsOf } from '../sync/port.ts'

/** The issuers as they stand in the names of accounts: `firebase:<project id>`, `supabase:<host>`. */
export function issuerNames(configs: readonly IssuerConfig[]): ReadonlySet<string> {
  return new Set(
    configs.map((config) =>
      config.kind === 'firebase' ? `firebase:${config.projectId}` : `supabase:${new URL(config.url).host}`,
    ),
  )
}

/**
 * Checks the form of an account's name, and that its issuer is trusted here. Without this check, a typing error would
 * suspend nobody and report no error.
 */
export function createRequireAccount(issuers: ReadonlySet<string>) {
  /** @throws TwohopError invalid_request */
  return function requireAccount(name: string): string {
    const parts = partsOf(name)
    if (!parts)
      throw new TwohopError(
        'invalid_request',
        'Expected firebase:<project>:<uid> or supabase:<host>:<user id>, percent-encoded, found another name.',
        { param: 'account' },
      )
    if (!issuers.has(parts.issuer))
      throw new TwohopError(
        'invalid_request',
        `Expected an account of ${oneOf([...issuers])}, found one of another issuer.`,
        {
          param: 'account',
        },
      )
    return name
  }
}
