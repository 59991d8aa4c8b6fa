import type { Context } from 'hono'
import { TwohopError } from '../../shared/errors.ts'
import type { Authenticate } from '../admission/authenticate.ts'

/** Returns where the caller may read the metrics. @throws TwohopError with the code of its refusal. */
export type MayRead = (context: Context) => Promise<void>

/** The scope that a service token needs for the metrics. */
const METRICS_SCOPE = 'metrics'

/**
 * A MayRead that wants a service token for `GET /metrics` of scope `metrics`. It throws `service_token_missing` and
 * the other codes of Authenticate, and `service_token_invalid` for a token of another scope.
 */
export function createMayRead(authenticate: Authenticate): MayRead {
  return async function mayRead(context) {
    const { scope } = await authenticate(context.req.header('authorization'), 'GET /metrics')
    if (scope !== METRICS_SCOPE)
      throw new TwohopError('service_token_invalid', 'The service token does not cover the metrics.')
  }
}
