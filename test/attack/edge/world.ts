import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { createMint, type Mint } from '../../../local/issuer/mint.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { otherKeys, resign } from '../../fixtures/signed-world.ts'
import {
  ask,
  type Call,
  call,
  eventually,
  keys,
  mint,
  newUser,
  redis,
  stack,
} from '../../fixtures/stack/client.ts'

/** A request as it is sent to the edge. */
export type Asked = Call & { path?: string }

/** One attack: what is sent, and how it must be refused. */
export type Attack = {
  what: string
  send: (world: World) => Asked | Promise<Asked>
  status: number
  code: ErrorCode
  /** Requests that come to the host, where it alone can tell; it computes nothing. Default none. */
  host?: number
}

export const CHAT_PATH = '/v1/chat/completions'
export const HELLO = ask('Hi', { max_tokens: 1 })

/** Who is there: an attacker with an account of her own, and somebody to take from. */
export type World = Awaited<ReturnType<typeof attackedWorld>>

/** Signs as the issuers do, at another time. */
const mintAt = (offsetMs: number): Mint =>
  createMint({
    keys,
    projectId: stack.issuers.firebase.projectId,
    supabaseUrl: stack.issuers.supabase.url,
    ttlSeconds: 3600,
    now: () => Date.now() + offsetMs,
  })

export async function attackedWorld() {
  const edge = inject('countedEdge')
  const eve = (await newUser('roomy')).token
  const victim = await newUser('roomy', { role: 'developer' })
  const made = async (path: string, body: unknown) =>
    (await (await call(path, { token: victim.token, body, edge })).json()) as { id: string; key: string }
  const job = await made('/v1/jobs', { endpoint: CHAT_PATH, body: HELLO })
  await (await call(`/v1/jobs/${job.id}/events`, { token: victim.token, edge })).text()
  const key = await made('/v1/keys', { name: 'a', scopes: ['embed'] })
  const revoked = await made('/v1/keys', { name: 'b', scopes: ['chat'] })
  await call(`/v1/keys/${revoked.id}`, { token: victim.token, method: 'DELETE', edge })
  const supabase = await mint.mintSupabase({ id: randomUUID(), email: 'eve@example.com' })
  // The job's settlement is off the way of its answers.
  await eventually(async () => ((await redis<number>('ZCARD', 'twohop:open')) === 0 ? true : undefined))
  const claimed = (claims: Record<string, unknown>) => resign(eve, keys.firebase, { claims })
  return {
    eve,
    supabase,
    victim: victim.token,
    victimAccount: victim.account,
    job: job.id,
    key,
    revoked: revoked.key,
    mintAt,
    /** Eve's token as the issuer would have signed these claims, or this header. */
    claimed,
    headed: (header: Record<string, unknown>) => resign(eve, keys.firebase, { header }),
    forged: (header: Record<string, unknown> = {}) =>
      resign(eve, keys.firebase, { header, key: otherKeys.firebase.privateKey }),
    supabaseClaimed: (claims: Record<string, unknown>) => resign(supabase, keys.supabase, { claims }),
    newToken: async (plan: string, claims: Record<string, unknown> = {}) =>
      (await newUser(plan, claims)).token,
  }
}
