import { TwohopError } from '../../shared/errors.ts'
import { type HostContext, takeEmpty } from './call.ts'

/** The scope that a service token needs to wake the host. */
const JOBS_SCOPE = 'jobs'

type Options = { look: () => void }

/** `POST /v1/jobs/wake`: a job waits, so the host looks now and not at its next time. Answers 202 without waiting. */
export function wake({ look }: Options) {
  return async function handleWake(context: HostContext): Promise<Response> {
    if (context.var.claims.scope !== JOBS_SCOPE)
      throw new TwohopError('service_token_invalid', "The service token does not cover the host's jobs.")
    await takeEmpty(context)
    look()
    return new Response(null, { status: 202, headers: { 'x-request-id': context.var.requestId } })
  }
}
