import { codeOf, errorResponse, TwohopError } from '../../shared/errors.ts'
import { sha256Hex } from '../../shared/hex.ts'
import { bearerToken } from '../identity/bearer.ts'
import type { Log } from '../log/port.ts'

type Options = {
  /** Undefined where nobody may ask. */
  secret: string | undefined
  scheduled: () => Promise<void>
  newRequestId: () => string
  log: Log
}

/**
 * The scheduled work as a route, where something of the platform's own asks for it by HTTP: `POST` with the secret as the
 * bearer. It answers when the work is done, with its outcome, as Cloudflare's cron has it. A run that is under way in this
 * isolate is not begun again.
 */
export function createScheduledRoute({ secret, scheduled, newRequestId, log }: Options) {
  let running: Promise<void> | undefined

  /** @throws TwohopError where this is not who may ask */
  async function requireSecret(request: Request): Promise<void> {
    if (secret === undefined || request.method !== 'POST')
      throw new TwohopError('not_found', 'There is no such route here.')
    // Hashes are compared, so that the time taken tells nothing of the secret.
    if ((await sha256Hex(bearerToken(request.headers))) !== (await sha256Hex(secret)))
      throw new TwohopError('token_signature_invalid', 'This is not the secret of the scheduled work.')
  }

  return async function scheduledRoute(request: Request): Promise<Response> {
    try {
      await requireSecret(request)
      running ??= scheduled().finally(() => {
        running = undefined
      })
      await running
      return Response.json({ outcome: 'ok' })
    } catch (error) {
      const requestId = newRequestId()
      const answer = errorResponse(error, requestId)
      // Only who has the secret brings this about.
      if (answer.status >= 500)
        await log(answer.status === 500 ? 'error' : 'warn', 'answer_failed', {
          ...{ requestId, error },
          code: codeOf(error),
        })
      return answer
    }
  }
}
