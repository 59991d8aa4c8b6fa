import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { openSigningKeys } from '../../local/issuer/jwks.ts'
import { createMint } from '../../local/issuer/mint.ts'
import type { ErrorEnvelope } from '../../shared/errors.ts'
import type { GenerationUsage } from '../../shared/usage.ts'

export const stack = inject('stack')
export const CHAT = stack.models.chat ?? ''
/** Its entry in the catalog. */
export const chatModel = modelOf(CHAT)
export const EMBED = stack.models.embed ?? ''
export const CLASSIFY = stack.models.classify ?? ''

/** The keys of the running issuer. */
export const keys = await openSigningKeys(join(inject('stackDir'), 'issuer'))

/** Signs tokens with those keys. */
export const mint = createMint({
  keys,
  projectId: stack.issuers.firebase.projectId,
  supabaseUrl: stack.issuers.supabase.url,
  ttlSeconds: 3600,
  now: () => Date.now(),
})

/** A user that nobody has seen before, on `plan`. */
export async function newUser(plan: string, claims: Record<string, unknown> = {}) {
  const uid = `test-${randomUUID()}`
  const token = await mint.mintFirebase({
    uid,
    email: `${uid}@example.com`,
    customClaims: { twohop: { plan, ...claims } },
  })
  return { token, account: `firebase:${stack.issuers.firebase.projectId}:${uid}` }
}

export type Call = {
  token?: string
  body?: unknown
  method?: string
  headers?: Record<string, string>
  edge?: string
  signal?: AbortSignal
}

/** A request to the edge: POST with a body, GET without. */
export function call(
  path: string,
  { token, body, method, headers = {}, edge = stack.edge.url, signal }: Call = {},
) {
  return fetch(`${edge}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
}

/** The status and envelope of a refusal, with what every error must have checked on the way. */
export async function refusal(
  answer: Response,
): Promise<{ status: number; code: string; param: string | null; message: string }> {
  const { error } = (await answer.json()) as ErrorEnvelope
  if (error.request_id !== answer.headers.get('x-request-id'))
    throw new Error('the envelope names another request')
  return { status: answer.status, code: error.code, param: error.param, message: error.message }
}

export const ask = (content: string, more: Record<string, unknown> = {}) => ({
  model: CHAT,
  messages: [{ role: 'user', content }],
  // The same answer each time.
  temperature: 0,
  ...more,
})

/** Runs one Redis command over the REST front of the running stack. */
export async function redis<T>(...command: (string | number)[]): Promise<T> {
  const answer = await fetch(stack.redis.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.redis.token}` },
    body: JSON.stringify(command),
  })
  const { result, error } = (await answer.json()) as { result: T; error?: string }
  if (error) throw new Error(error)
  return result
}

/** HTTP requests that Redis's front has answered. */
export async function redisRequests(): Promise<number> {
  const stats = await fetch(`${stack.redis.url}/twohop/stats`, {
    headers: { authorization: `Bearer ${stack.redis.token}` },
  })
  return ((await stats.json()) as { requests: number }).requests
}

export type UsageEvent = Record<string, string>

/** The usage events of a request, once there is one: settlement is off the response path. */
export async function usageEvents(requestId: string): Promise<UsageEvent[]> {
  return eventually(async () => {
    const entries = await redis<[string, string[]][]>('XREVRANGE', 'twohop:events', '+', '-', 'COUNT', 500)
    const events = entries
      .map(([, fields]) => fromPairs(fields))
      .filter((event) => event.request_id === requestId)
    return events.length > 0 ? events : undefined
  })
}

/** What the host printed about a request, once it has: `run id=... output_tokens=...`. */
export async function hostRun(requestId: string): Promise<Record<string, string>> {
  return eventually(async () => {
    const log = await readFile(join(inject('stackDir'), 'stack.log'), 'utf8')
    const line = log
      .split('\n')
      .find((text) => text.startsWith('host run ') && text.includes(`id=${requestId} `))
    return (
      line &&
      Object.fromEntries(line.split(' ').flatMap((word) => (word.includes('=') ? [word.split('=')] : [])))
    )
  })
}

/** How many requests the host has been seen to run for an account's request ids. */
export async function hostRuns(requestIds: readonly string[]): Promise<number> {
  const log = await readFile(join(inject('stackDir'), 'stack.log'), 'utf8')
  return requestIds.filter((id) => log.includes(`id=${id} `)).length
}

/** Waits until a job has ended: until then it writes to the Redis whose requests other tests count. */
export async function jobOver(id: string): Promise<void> {
  const open = ['queued', 'running']
  await eventually(async () => {
    const state = await redis<string>('HGET', `twohop:job:${id}`, 'state')
    return open.includes(state) ? undefined : true
  })
}

export type OwnUsage = {
  concurrent: { running: number }
  units: Record<'minute' | 'day' | 'month', { limit: number; used: number; held: number }>
}

export async function ownUsage(token: string, edge?: string): Promise<OwnUsage> {
  const answer = await call('/v1/usage', { token, ...(edge ? { edge } : {}) })
  if (!answer.ok) throw new Error(`usage answers ${answer.status}`)
  return (await answer.json()) as OwnUsage
}

/** An account's usage once nothing of it is held or running any more. */
export function settledUsage(token: string): Promise<OwnUsage> {
  return eventually(async () => {
    const usage = await ownUsage(token)
    return usage.concurrent.running === 0 && usage.units.month.held === 0 ? usage : undefined
  })
}

/** Asks again, 20 times a second for at most 20 s, until there is an answer. */
export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not happen within 20 s')
}

/** The data of a stream's events, `[DONE]` included. */
export async function streamData(answer: Response): Promise<string[]> {
  return (await answer.text())
    .split('\n\n')
    .flatMap((event) => (event.startsWith('data: ') ? [event.slice(6)] : []))
}

export type Answer = {
  id: string
  choices: { message: { content: string }; finish_reason: string }[]
  usage: GenerationUsage
}

export function fromPairs(fields: string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let i = 0; i < fields.length; i += 2) record[fields[i] ?? ''] = fields[i + 1] ?? ''
  return record
}

/** @throws Error where the stack has no such model */
function modelOf(wanted: string) {
  const model = stack.catalog.models.find(({ id }) => id === wanted)
  if (!model) throw new Error(`the stack has no model ${wanted}`)
  return model
}
