import { TwohopError } from '../../shared/errors.ts'
import type { Requests } from '../scheduler/requests.ts'
import { type HostContext, takeEmpty } from './call.ts'
import { timingOf, usageOf } from './report.ts'

type Options = { requests: Requests }

/**
 * `DELETE /v1/requests/:id`: stops a request of the same account and answers what was computed for it; for one that
 * ended not long ago, its final usage. Works while draining too: that is when streams break.
 */
export function cancel({ requests }: Options) {
  return async function handleCancel(context: HostContext): Promise<Response> {
    const { claims } = context.var
    await takeEmpty(context)
    const report = await requests.cancel(context.req.param('id') ?? '', claims.sub)
    if (report === undefined) throw new TwohopError('not_found', 'No request of this account has that id.')
    return Response.json(
      { usage: usageOf(report), timing: timingOf(report) },
      { headers: { 'x-request-id': context.var.requestId } },
    )
  }
}
