import { type UsageAnswer, UsageQuestion } from '../../shared/usage.ts'
import type { Requests } from '../scheduler/requests.ts'
import { type Host, type HostContext, readRequest } from './call.ts'
import { timingOf, usageOf } from './report.ts'

type Options = { requests: Requests; body: Host['body'] }

/**
 * `POST /v1/requests/usage`: answers for several requests at once what `DELETE /v1/requests/:id` does for one, which stops
 * those that still run. The token is for the whole question, so each request names its account, and only its own is answered.
 */
export function usage({ requests, body }: Options) {
  return async function handleUsage(context: HostContext): Promise<Response> {
    const asked = (await readRequest(context, UsageQuestion, { body })).requests
    const reports = await Promise.all(asked.map(({ id, account }) => requests.cancel(id, account)))
    const known = asked.flatMap(({ id }, i): UsageAnswer['requests'] => {
      const report = reports[i]
      return report ? [{ id, usage: usageOf(report), timing: timingOf(report) }] : []
    })
    const answer: UsageAnswer = { requests: known }
    return Response.json(answer, { headers: { 'x-request-id': context.var.requestId } })
  }
}
