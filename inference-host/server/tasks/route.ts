import { TwohopError } from '../../../shared/errors.ts'
import type { HostTaskRequest } from '../../../shared/tasks.ts'
import type { Run } from '../../scheduler/run.ts'
import type { Limits, Work } from '../../work/work.ts'

/** One task of the hub: what it computes, and the hub's shape of its answer as JSON text. */
export type TaskRoute = {
  /** @throws TwohopError `invalid_request` where a field that the task needs is not there */
  work(request: HostTaskRequest, limits: Limits): Work
  json(run: Run, request: HostTaskRequest): Promise<string>
}

/** The one input of a task that takes one. */
export function only({ inputs }: HostTaskRequest): string {
  const [input, ...more] = inputs
  if (input === undefined || more.length > 0)
    throw new TwohopError('invalid_request', `Expected one input, found ${inputs.length}.`, {
      param: 'inputs',
    })
  return input
}
