import * as z from 'zod'
import type { Plan, Task } from '../../shared/catalog.ts'
import { parseJson } from '../../shared/parse-json.ts'
import type { Version } from '../../shared/versions.ts'
import type { CacheRequest } from '../budget/port.ts'
import type { Answer } from '../idempotency/answers.ts'
import type { createSeal } from '../idempotency/seal.ts'
import type { Work } from '../parse/work.ts'
import type { AnswerForm } from '../write/form.ts'
import { formed } from '../write/formed.ts'

/** The longest text that is stored in Redis for an answer, in characters: packed, sealed and in base64url. */
const MAX_STORED_CHARS = 64 * 1024
/** The longest body that is sealed, in characters. */
const MAX_BODY_CHARS = 1024 * 1024

/** Tasks whose answer depends on the request alone. Of chats and completions it does where the temperature is 0. */
const DETERMINISTIC: ReadonlySet<Task> = new Set([
  'embedding',
  'text-ranking',
  'text-classification',
  'feature-extraction',
  'token-classification',
  'zero-shot-classification',
  'fill-mask',
  'question-answering',
])

const Kept = z.object({ contentType: z.string(), body: z.string(), requestId: z.string() })

/**
 * Whether an answer to this work may be given again: a whole one, to what always has the same one. It is kept as the host
 * writes it, and written anew in the form of the API that asks.
 */
function isRepeatable({ task, request, stream, file, judged, answerJudged }: Work): boolean {
  // What a classifier judges is judged anew each time.
  if (stream || file || judged || answerJudged) return false
  return DETERMINISTIC.has(task) || ('temperature' in request && request.temperature === 0)
}

/**
 * Answers that are given again. Redis sees neither requests nor answers: names are keyed hashes, and answers are sealed for
 * one name. A name has all that an answer depends on: the request with every default filled in, the model, its version, where
 * that is computed, its path, and the guards that looked through the answer. The store adds the account.
 */
export function createAnswerCache({ seal, open, nameOf }: ReturnType<typeof createSeal>) {
  const idOf = ({ name, forAll }: CacheRequest, account: string) => `cache ${forAll ? '' : account} ${name}`

  return {
    /** How the store looks for an answer; undefined where none is to be given again. */
    async request(
      work: Work,
      { guards }: Pick<Plan, 'guards'>,
      version: string | undefined,
    ): Promise<CacheRequest | undefined> {
      const { cache, versions, id } = work.model
      // Whose an API key is, and so which version it gets, is not always known before the reservation.
      if (!cache || !isRepeatable(work) || (versions && version === undefined)) return undefined
      const places = placesOf(versions?.find((one) => one.id === version) ?? work.model)
      const said = [
        id,
        version ?? null,
        places,
        work.path,
        work.contentType ?? null,
        guards ?? null,
        work.request,
      ]
      const name = await nameOf(canonical(said))
      return { name, share: cache.share, forAll: cache.public, lifeMs: cache.seconds * 1000 }
    },

    /** An answer as the store keeps it; undefined where it is too long, or cannot be sealed. */
    async keep(
      request: CacheRequest,
      account: string,
      requestId: string,
      { status, contentType, body }: Answer,
    ): Promise<string | undefined> {
      if (status !== 200 || body.length > MAX_BODY_CHARS) return undefined
      // Without a file all answers are JSON. What is none came from something in the host's place.
      if (parseJson(body) === undefined) return undefined
      const sealed = await seal(idOf(request, account), JSON.stringify({ contentType, body, requestId }))
      return sealed.length > MAX_STORED_CHARS ? undefined : sealed
    },

    /**
     * The answer once more, under another request's id; undefined where it was sealed for something else.
     * @param form how the client's API writes it
     */
    async answer(
      request: CacheRequest,
      account: string,
      requestId: string,
      sealed: string,
      form?: AnswerForm | undefined,
    ): Promise<Response | undefined> {
      const text = await open(idOf(request, account), sealed)
      const kept = Kept.safeParse(text === undefined ? undefined : JSON.parse(text)).data
      if (!kept) return undefined
      // The id of the request that it was made for is nobody else's business.
      const said = kept.body.replaceAll(kept.requestId, requestId)
      const body = form ? formed(parseJson(said), form, { requestId, timing: undefined }) : said
      if (body === undefined) return undefined
      return new Response(body, {
        headers: { 'content-type': kept.contentType, 'cache-control': 'no-store' },
      })
    },
  }
}

/**
 * Where a model, or a version of it, is computed, and what it is called there: where the catalog changes that, it is no longer
 * the same. How much of it goes where makes no difference.
 */
function placesOf({ model, upstreams = [], fallback = [] }: Placed): unknown[] {
  return [model ?? null, [...upstreams, ...fallback].map((place) => [place.id, place.model ?? null])]
}
type Placed = Partial<Pick<Version, 'model' | 'upstreams' | 'fallback'>>

export type AnswerCache = ReturnType<typeof createAnswerCache>

/** Schemas of tools and of answers. A prompt has their properties in their own order, and an answer is written in it. */
const IN_ORDER: ReadonlySet<string> = new Set(['parameters', 'schema', 'json'])

/** JSON in which the order of keys does not matter, but for that of schemas. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (name, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    if (IN_ORDER.has(name)) return JSON.stringify(inner)
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
