import type { ServiceClaims } from '../../shared/service-token.ts'
import type { ModelQueue } from '../scheduler/model-queue.ts'

/** Refuses a request that would find no place, by its token alone. */
export type RefuseBusy = (claims: ServiceClaims) => void

/** What is least of all work: what it asks for is in the body, which nobody has read. */
const LEAST = { limits: { promptTokens: 0, outputTokens: 0 } }

/**
 * A RefuseBusy. Under overload most requests are refused, so they are refused before anything is done for them: the
 * body is not read, no structure is compiled. What passes is checked again with all that it asks for.
 * It throws what ModelQueue.check does: TwohopError `host_busy`, `too_many_concurrent` or `host_timeout`.
 */
export function createRefuseBusy(queues: ReadonlyMap<string, ModelQueue>): RefuseBusy {
  return function refuseBusy({ model, deadline, sub, weight }) {
    queues.get(model)?.check(LEAST, deadline, { account: sub, weight })
  }
}
