import { TwohopError } from '../../shared/errors.ts'
import type { IssuerConfig } from '../identity/issuer.ts'
import { partsOf } from '../sync/port.ts'

/** Issuers as accounts are named by them: `firebase:<project id>`, `supabase:<host>`. */
export function issuerNames(configs: readonly IssuerConfig[]): ReadonlySet<string> {
  return new Set(
    configs.map((config) =>
      config.kind === 'firebase' ? `firebase:${config.projectId}` : `supabase:${new URL(config.url).host}`,
    ),
  )
}

/**
 * Holds the name of an account against its form and the issuers that are trusted here: a typing error would else suspend
 * nobody, and say nothing.
 */
export function createRequireAccount(issuers: ReadonlySet<string>) {
  /** @throws TwohopError invalid_request */
  return function requireAccount(name: string): string {
    const parts = partsOf(name)
    if (!parts)
      throw new TwohopError(
        'invalid_request',
        'An account is firebase:<project>:<uid> or supabase:<host>:<user id>, percent-encoded in the path.',
        { param: 'account' },
      )
    if (!issuers.has(parts.issuer))
      throw new TwohopError('invalid_request', `No users of ${parts.issuer} are let in here.`, {
        param: 'account',
      })
    return name
  }
}
