import { TwohopError } from '../../shared/errors.ts'
import { type ScriptCall, scriptCall } from '../../shared/redis-script.ts'
import {
  fieldsOf,
  listOf,
  orUnavailable,
  type Redis,
  runScript,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import type { Act } from '../audit/port.ts'
import { actingWords, callerWords, NOBODY } from '../budget/commands.ts'
import type { Payer } from '../budget/port.ts'
import { allowedReply } from '../budget/refused.ts'
import { apiKeyRedisKey, apiKeysRedisKey } from '../store/redis-keys.ts'
import { MAX_NEW_API_KEYS } from './bounds.ts'
import { CREATE_API_KEY } from './create.lua.ts'
import type { ApiKey, ApiKeyStore, NewApiKey, RevokeBy } from './port.ts'
import { REVOKE_API_KEY } from './revoke.lua.ts'

type Options = UpstashOptions & {
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
}

/** API keys in Upstash Redis, over HTTP. Listing takes two round trips, every other call one. */
export function createUpstashApiKeys({ clock = () => 0, ...options }: Options): ApiKeyStore {
  const redis = upstashClient(options)
  const get = async (id: string) => apiKeyOf(id, fieldsOf(await redis.command('HGETALL', apiKeyRedisKey(id))))

  return {
    get: (id) => orUnavailable(() => get(id)),

    create: (key, caller, act) =>
      orUnavailable(async () => {
        const reply = allowedReply(await runScript(redis, createCall(key, caller, act, clock())))
        const [code, at] = Array.isArray(reply) ? reply : []
        if (code === 'too_many') return undefined
        if (code === 'too_many_new')
          throw new TwohopError('rate_limited', `An account may make ${MAX_NEW_API_KEYS} API keys a day.`, {
            retryAfterMs: Math.max(1, Number(at)),
          })
        if (code !== 'created' || typeof at !== 'number') throw new TypeError('the store made no key')
        return at
      }),

    list: (account) =>
      orUnavailable(async () => {
        const now = clock() || Date.now()
        const ids = listOf(await redis.command('ZRANGE', apiKeysRedisKey(account), 0, '+inf', 'BYSCORE'))
        const found = await Promise.all(ids.map((id) => get(String(id))))
        return found.flatMap((key) => (key && !key.revoked && key.expiresAt > now ? [key] : []))
      }),

    revoke: (id, by, act) =>
      orUnavailable(async () => {
        const reply = await runRevoke(redis, id, by, act, clock())
        if (reply.length === 0) return undefined
        const [revoked, account, name, scopes, ...alsoRevoked] = reply
        return {
          key: { id, account: String(account), name: String(name), scopes: words(String(scopes)) },
          revoked: revoked === 1,
          alsoRevoked: alsoRevoked.map(String),
        }
      }),
  }
}

async function runRevoke(redis: Redis, id: string, by: RevokeBy, act: Act, now: number): Promise<unknown[]> {
  const owner = 'caller' in by
  if (!owner && by.secretHash === '') throw new RangeError('a secret has a sum')
  const caller = owner ? callerWords(by.caller) : NOBODY
  const { keys, args } = actingWords(apiKeyRedisKey(id), caller, act, now)
  const call = scriptCall(REVOKE_API_KEY, keys, [...args, id, owner ? '' : by.secretHash])
  const reply = allowedReply(await runScript(redis, call))
  if (!Array.isArray(reply)) throw new TypeError('the store gave no answer about a key')
  return reply
}

function createCall(key: NewApiKey, by: Payer, act: Act, now: number): ScriptCall {
  const { id, name, secretHash, scopes, plan, expiresAt } = key
  const fields = {
    secret_hash: secretHash,
    scopes: scopes.join(' '),
    name,
    ...(plan !== undefined && { plan }),
    ...('key' in by && { made_by: by.key }),
  }
  const { keys, args } = actingWords(apiKeyRedisKey(id), callerWords(by), act, now)
  return scriptCall(CREATE_API_KEY, keys, [...args, id, expiresAt, ...Object.entries(fields).flat()])
}

function apiKeyOf(id: string, fields: Record<string, string>): ApiKey | undefined {
  const { account, secret_hash: secretHash, last_used_at: lastUsedAt } = fields
  if (!account || !secretHash) return undefined
  return {
    id,
    account,
    secretHash,
    name: fields.name ?? '',
    scopes: words(fields.scopes ?? ''),
    plan: fields.plan,
    madeBy: fields.made_by,
    createdAt: Number(fields.created_at),
    // A key without an end counts as ended: this code did not write it.
    expiresAt: Number(fields.expires_at ?? 0),
    lastUsedAt: lastUsedAt === undefined ? undefined : Number(lastUsedAt),
    revoked: fields.revoked === '1',
  }
}

const words = (text: string): string[] => text.split(' ').filter(Boolean)
