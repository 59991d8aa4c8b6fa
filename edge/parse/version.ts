import { TwohopError } from '../../shared/errors.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { Work } from './work.ts'

/** The header that names a model's version: in a request the one that is asked for, in an answer the one that computed it. */
export const VERSION_HEADER = 'x-model-version'

/**
 * The work at the version that its caller asks for by name, such as one that nobody gets yet.
 * @param asked what the request's header says; undefined without one
 * @throws TwohopError model_not_found; scope_missing where the plan or the credential lacks the scope `versions`
 */
export function atVersion<Asked extends Pick<Work, 'model'>>(
  work: Asked,
  asked: string | undefined,
  entitlement: Pick<Entitlement, 'requireScope'>,
): Asked & { version?: string } {
  if (asked === undefined) return work
  entitlement.requireScope('versions')
  const found = work.model.versions?.find(({ id }) => id === asked)
  if (found) return { ...work, version: found.id }
  throw new TwohopError('model_not_found', 'The model has no version of that name.', {
    param: VERSION_HEADER,
  })
}

/** The scopes that an API key must have for a work, with spaces between. */
export const scopesOfWork = (scope: string, { version }: { version?: string | undefined }): string =>
  version === undefined ? scope : `${scope} versions`
