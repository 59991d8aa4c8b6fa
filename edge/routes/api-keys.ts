import type { Context, Handler } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { optional } from '../../shared/openai/field.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { secondOf } from '../../shared/seconds.ts'
import { type Caller, requireScope } from '../access/caller.ts'
import type { CountAct } from '../access/rate.ts'
import { SCOPES } from '../access/scopes.ts'
import { MAX_API_KEYS } from '../api-keys/bounds.ts'
import { createLeakReports } from '../api-keys/leak-reports.ts'
import type { ApiKey, ApiKeyStore, Revocation } from '../api-keys/port.ts'
import type { Once } from '../idempotency/once.ts'
import { type ApiKeyForm, shownPrefix } from '../identity/api-key-form.ts'
import type { WebhookEvent } from '../notify/webhook.ts'
import { jsonBody, keptText } from '../parse/body.ts'
import type { Env } from './env.ts'

type Options = {
  /** Identifies the caller by the request's credential. */
  callerOf: (c: Context) => Promise<Caller>
  apiKeys: ApiKeyStore
  countAct: CountAct
  once: Once
  /** Sends an event to the operator's webhook; never throws. */
  tell: (event: WebhookEvent) => Promise<unknown>
  /** Milliseconds since the epoch. */
  now: () => number
  keyForm: ApiKeyForm
}

const DAY = 86_400_000
const DEFAULT_DAYS = 90

export const NewKey = z.strictObject({
  name: keptText(1, 100),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  expires_in_days: optional(z.int().min(1).max(365)),
})

export const Leaked = z.strictObject({
  key: z.string().max(200),
  /** Where the key was found. */
  source: optional(keptText(0, 500)),
})

/** `/v1/keys`: an account's API keys, and the report of a leaked one. */
export function apiKeyRoutes({ callerOf, apiKeys, countAct, once, tell, now, keyForm }: Options) {
  const reportLeak = createLeakReports({ apiKeys, now })

  async function owner(c: Context): Promise<Caller> {
    const caller = await callerOf(c)
    requireScope(caller, 'keys', 'the role developer or admin, some plans, or an API key that was given it')
    return caller
  }

  return {
    'POST /v1/keys': async (c) => {
      const caller = await owner(c)
      const wanted = parseAs(NewKey, await jsonBody(c))
      const scopes = [...new Set(wanted.scopes)]
      const missing = scopes.find((scope) => !caller.scopes.has(scope))
      if (missing !== undefined)
        throw new TwohopError(
          'scope_missing',
          `You cannot give the scope ${missing}, which you do not have.`,
          {
            param: 'scopes',
          },
        )
      const expiresAt = endOf(wanted.expires_in_days, caller, now())
      await countAct(caller.account)
      return once(c, caller, async () => {
        const { key, id, secretHash } = await keyForm.make()
        const { account, claimedPlan: plan } = caller
        const madeBy = caller.key?.id
        const fresh = { id, secretHash, plan, name: wanted.name, scopes, expiresAt }
        const detail = { scopes, expires_at: expiresAt, ...(madeBy && { by_key: madeBy }) }
        const createdAt = await apiKeys.create(fresh, caller.payer, act(account, 'key.create', id, detail))
        if (createdAt === undefined)
          throw new TwohopError(
            'too_many_keys',
            `An account has at most ${MAX_API_KEYS} keys; revoke one first.`,
          )
        const made = { ...fresh, account, madeBy, createdAt, lastUsedAt: undefined, revoked: false }
        const shown = { ...shownKey(made), key }
        return c.json(shown, 201, { 'cache-control': 'no-store' })
      })
    },
    'GET /v1/keys': async (c) => {
      const { account } = await owner(c)
      return c.json({ object: 'list', data: (await apiKeys.list(account)).map(shownKey) })
    },
    'DELETE /v1/keys/:id': async (c) => {
      const caller = await owner(c)
      await countAct(caller.account)
      const { account, key, payer } = caller
      const id = c.req.param('id') ?? ''
      const detail = { ...(key && { by_key: key.id }) }
      const ended = await apiKeys.revoke(id, { caller: payer }, act(account, 'key.revoke', id, detail))
      if (!ended) throw new TwohopError('not_found', 'Your account has no API key of that id.')
      return c.json({ ...shownRevocation(ended), deleted: true })
    },
    // The secret itself is the permission to end its key, and no more. No credential is asked for. An idempotency key is
    // not looked at: the second report of a key changes nothing anyhow, and strangers have nothing kept for them.
    'POST /v1/keys/leaked': async (c) => {
      const { key, source } = parseAs(Leaked, await jsonBody(c))
      const ended = await reportLeak(await keyForm.parse(key).catch(notOurs), source)
      if (!ended) throw notOurKey()
      if (ended.revoked) c.env.background(tell(leakEvent(ended, source, now())))
      return c.json({ ...shownRevocation(ended), revoked: true })
    },
  } satisfies Record<string, Handler<Env>>
}

/**
 * When a new key ends, in milliseconds since the epoch: after `days`, by default 90, and never after the key that makes
 * it.
 * @throws TwohopError invalid_request
 */
function endOf(days: number | undefined, { key }: Caller, now: number): number {
  const latest = key?.expiresAt ?? Number.POSITIVE_INFINITY
  const end = now + (days ?? DEFAULT_DAYS) * DAY
  if (days !== undefined && end > latest)
    throw new TwohopError(
      'invalid_request',
      `Expected at most ${Math.floor((latest - now) / DAY)} days, what is left of the key that makes it, found ${days}.`,
      { param: 'expires_in_days' },
    )
  return Math.min(end, latest)
}

const act = (actor: string, action: string, target: string, detail: Record<string, unknown>) => ({
  actor,
  action,
  target,
  reason: undefined,
  detail,
})

function leakEvent({ key, alsoRevoked }: Revocation, source: string | undefined, at: number): WebhookEvent {
  const { id, account, name, scopes } = key
  return {
    id: `key_leaked_${id}`,
    type: 'key.leaked',
    at,
    data: {
      account,
      id,
      prefix: shownPrefix(id),
      name,
      scopes,
      also_revoked: alsoRevoked,
      ...(source !== undefined && { source }),
    },
  }
}

/** Replaces ApiKeyForm's error, whose message speaks of the caller's own credential. */
function notOurs(): never {
  throw notOurKey()
}

function notOurKey(): TwohopError {
  return new TwohopError('not_found', 'There is no such API key here.', { param: 'key' })
}

/** A key as its owner sees it; times are seconds since the epoch, as in OpenAI's API. */
function shownKey({ id, name, scopes, createdAt, expiresAt, lastUsedAt, madeBy }: ApiKey) {
  return {
    object: 'api_key',
    id,
    prefix: shownPrefix(id),
    name,
    scopes,
    created_at: secondOf(createdAt),
    expires_at: secondOf(expiresAt),
    last_used_at: lastUsedAt === undefined ? null : secondOf(lastUsedAt),
    made_by: madeBy ?? null,
  }
}

function shownRevocation({ key, alsoRevoked }: Revocation) {
  return { object: 'api_key', id: key.id, prefix: shownPrefix(key.id), also_revoked: alsoRevoked }
}
