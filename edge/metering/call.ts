import { type Model, scopeOf } from '../../shared/catalog.ts'
import { codeOf, TwohopError } from '../../shared/errors.ts'
import { forOwnHosts } from '../parse/work.ts'
import { BEFORE_COMPUTE, NothingComputed, type UpstreamCaller } from '../upstream/port.ts'
import { renamed } from '../write/form.ts'
import { createDeadline, timedOut } from './deadline.ts'
import type { Held } from './held.ts'
import { createJudgeAnswer } from './judge-answer.ts'
import type { meter } from './meter.ts'
import type { Pipe } from './pass.ts'
import { type StopHost, stopAndSettle, usageOfRefusal } from './used.ts'

/** What answers pass on unread by, in a runtime that pipes by itself and from hosts that count what they answer. */
export type Unread = {
  /** Makes a pair for a stream, where its host can be asked afterwards what it was. */
  createPipe: (() => Pipe) | undefined
}
export type UnreadFor = (model: Model, version: string | undefined) => Unread | undefined

type Options = {
  host: Pick<UpstreamCaller, 'call' | 'cancel' | 'usage'>
  now: () => number
  /** Milliseconds from here to the last byte of the answer. */
  requestTimeoutMs: number
  /** How a model's answers pass on unread; undefined where they have to be read. */
  unreadFor?: UnreadFor | undefined
}

/**
 * Calls the host for a reservation and passes its answer to `meter`. If anything fails before that, the reservation is
 * settled by what was computed: nothing where the host refused, otherwise the host's own count.
 */
export function createCallHost({ host, now, requestTimeoutMs, unreadFor }: Options) {
  const judgeAnswer = createJudgeAnswer({ host, now })
  return async function callHost(held: Held, client: AbortSignal, pass: typeof meter): Promise<Response> {
    const { work, version, requestId, account } = held
    const id = {
      requestId,
      account,
      model: work.model.id,
      of: work.model,
      version,
      scope: scopeOf(work.task),
    }
    const stop: StopHost = () => host.cancel(id)
    const { signal, clear } = createDeadline(client, requestTimeoutMs)
    const span = held.calling()
    const { form, guard } = work
    // An answer that is written anew, looked through, or kept for a repetition, has to be read.
    const isRead = form || guard || work.answerJudged || work.contentType || held.repeatable || held.cacheable
    const unread = isRead ? undefined : unreadFor?.(work.model, version)
    const createPipe = work.stream ? unread?.createPipe : undefined
    // What passes unread may go on when it is settled. Where that is so, a timer ends with its request.
    if (!unread) void held.settled.then(clear)
    try {
      if (client.aborted) throw new NothingComputed('cancelled', 'The client left before it was sent.')
      const answer = await span.run(() =>
        host.call({
          ...id,
          path: work.path,
          request: createPipe ? forClient(work) : forOwnHosts(work),
          ...(work.masked && { masked: work.masked.request }),
          ...(work.file && { file: work.file }),
          reserved: work.worst,
          weight: held.weight,
          spare: held.spare,
          deadline: now() + requestTimeoutMs,
          signal,
          traceparent: span.traceparent,
        }),
      )
      if (work.stream) held.begun()
      return await pass(
        held,
        await judgeAnswer(held, answer, signal),
        signal,
        stop,
        unread && { createPipe, ask: () => host.usage(id) },
      )
    } catch (error) {
      span.fail(client.aborted ? 'cancelled' : timedOut(error) ? 'host_timeout' : codeOf(error))
      // Nothing goes on there, so the host is not asked.
      if (error instanceof TwohopError && BEFORE_COMPUTE.has(error.code))
        held.settle('refused', usageOfRefusal(held, error))
      // A host that has never had the request could say nothing of it.
      else if (client.aborted && error instanceof NothingComputed) held.settle('cancelled', undefined)
      // The host may still be computing. Stopping it takes a round trip, which the client need not wait for.
      else void stopAndSettle(held, client.aborted ? 'cancelled' : 'failed', stop)
      if (form) renamed(error, form.fieldOf)
      throw timedOut(error)
        ? new TwohopError('host_timeout', 'The model did not finish in time.', { cause: error })
        : error
    }
  }
}

/** The request for a stream that the client gets as the host writes it. */
function forClient({ request, includeUsage }: Held['work']): object {
  return { ...request, stream_options: { include_usage: includeUsage, for_client: true } }
}
