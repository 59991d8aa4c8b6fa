import type * as z from 'zod/mini'
import { readError, twohopFetch } from '../../client/index.ts'
import type { Session } from '../sign-in/session.ts'
import { NotServed, Refused } from './refused.ts'

type Asked = { body?: unknown; method?: 'POST' | 'DELETE'; signal?: AbortSignal }

/** Calls of the edge by whoever is signed in. */
export type Api = {
  /**
   * The answer, read by a schema.
   * @throws Refused with the edge's words; NotServed where there is no such route; Error where the answer is another
   */
  ask: <S extends z.ZodMiniType>(path: string, schema: S, asked?: Asked) => Promise<z.output<S>>
  /** The answer as it comes, refusals included. */
  send: (path: string, asked: Asked) => Promise<Response>
  /** Where the edge is. */
  edge: string
}

/**
 * @param edge where the edge is, without a slash at its end
 * @param onEnd called when the edge has said that the credential is good for nothing any more
 */
export function createApi(edge: string, session: Session, onEnd: () => void): Api {
  // This page asks again by itself, so one attempt is enough.
  const fetchAs = twohopFetch(({ forceRefresh }) => session.token(forceRefresh), { edge, attempts: 1 })

  function send(path: string, { body, method, signal }: Asked): Promise<Response> {
    return fetchAs(`${edge}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      credentials: 'omit',
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
      ...(signal && { signal }),
    })
  }

  return {
    edge,
    send,
    async ask(path, schema, asked = {}) {
      const answer = await send(path, asked)
      if (answer.ok) return readAs(schema, await answer.json())
      const refusal = await readError(answer)
      if (answer.status === 401) onEnd()
      if (!refusal) throw new Error(`The edge answered ${answer.status}.`)
      if (isMissing(path, refusal.code, refusal.message)) throw new NotServed()
      throw new Refused(refusal, answer.status)
    },
  }
}

/** Whether it is the route that is missing, and not what was asked of it. */
const isMissing = (path: string, code: string, message: string) =>
  code === 'not_found' && message.includes(path.split('?')[0] ?? '')

function readAs<S extends z.ZodMiniType>(schema: S, value: unknown): z.output<S> {
  const { success, data } = schema.safeParse(value)
  if (success) return data
  throw new Error('The edge answered in a form that this page does not know.')
}
