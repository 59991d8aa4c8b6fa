import { TwohopError } from '../../shared/errors.ts'

/** The refusal of a token that is there. @param why completes the sentence, and holds nothing of the token */
export const invalid = (why: string, cause?: unknown) =>
  new TwohopError('app_check_invalid', `The App Check token is not accepted: ${why}.`, { cause })

export const usedUp = () => invalid('it was used before')

/** Milliseconds after which Google may be asked again. */
const RETRY_MS = 2000

export const notAsked = (cause: unknown) =>
  new TwohopError(
    'keys_unavailable',
    'Whether the App Check token is good cannot be asked right now. Please try again.',
    { retryAfterMs: RETRY_MS, cause },
  )
