import type { Context, Handler } from 'hono'
import * as z from 'zod'
import { oneOf } from '../../shared/allowed.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { optional, withDefault } from '../../shared/openai/field.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { secondOf, secondsOfWait } from '../../shared/seconds.ts'
import { STORABLE, WITHOUT_UNSTORABLE } from '../../shared/storable.ts'
import { type Caller, requireAdmin } from '../access/caller.ts'
import type { CountAct } from '../access/rate.ts'
import { type By, createActs, type Done } from '../admin/acts.ts'
import { searchAccounts } from '../admin/search.ts'
import { type Administered, createReach } from '../admin/target.ts'
import type { ReadAnomaly } from '../admin/upstash-anomaly.ts'
import type { AccountUsage, ReadUsage } from '../admin/usage.ts'
import type { AuditEntry, AuditLog } from '../audit/port.ts'
import type { AccountRecord, AccountStore } from '../budget/accounts.ts'
import type { Once } from '../idempotency/once.ts'
import type { Log } from '../log/port.ts'
import { jsonBody, keptText } from '../parse/body.ts'
import type { createSync } from '../sync/port.ts'
import type { Env } from './env.ts'
import { shownScore } from './watch.ts'

export type AdminOptions = {
  /** Identifies the caller by the request's credential. */
  callerOf: (c: Context) => Promise<Caller>
  catalog: () => Catalog
  administered: Administered
  accounts: AccountStore
  audit: AuditLog
  readAnomaly: ReadAnomaly
  readUsage: ReadUsage
  sync: ReturnType<typeof createSync>
  /** Cancels an account's open jobs; returns how many there were. */
  cancelJobs: (account: string) => Promise<number>
  /** Forgets refusals that a new plan or a grant may have lifted. */
  forgetRefusals: () => void
  countAct: CountAct
  once: Once
  log: Log
  /** Milliseconds since the epoch. */
  now: () => number
}

const DAY = 86_400_000

const Reason = optional(keptText(1, 1000))
export const Plain = z.strictObject({ reason: Reason })
export const PlanChange = z.strictObject({
  plan: z.string().min(1).max(64).nullable(),
  billing_day: z.int().min(1).max(31).nullable().optional(),
  reason: Reason,
})
export const Grant = z.strictObject({
  units: z.int().min(1).max(1e15),
  /** How many days the units may be spent. */
  days: withDefault(z.int().min(1).max(366), 30),
  reason: Reason,
})
const most = z.coerce.number().int().min(1).max(500)
/** Redis's cursors and the parts of its stream ids are unsigned 64-bit numbers. A larger one is an error there. */
const isCursor = (text: string) => /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n
const FROM_US = 'the `next` of an answer before'
const Cursor = z.string().refine(isCursor).describe(FROM_US)
export const AccountList = z.strictObject({
  search: z.string().max(200).default(''),
  next: Cursor.optional(),
})
export const AuditList = z.strictObject({
  target: z
    .string()
    .max(512)
    .regex(STORABLE)
    .describe(`text of at most 512 characters, ${WITHOUT_UNSTORABLE}`)
    .optional(),
  next: z
    .string()
    .refine((id) => /^\d+-\d+$/.test(id) && id.split('-').every(isCursor))
    .describe(FROM_US)
    .optional(),
  limit: most.default(100),
})

/** `/v1/admin`: accounts and the audit log, for callers with the scope `admin`. */
export function adminRoutes(options: AdminOptions) {
  const { callerOf, catalog, accounts, audit, readUsage, readAnomaly, countAct, once, now } = options
  const acts = createActs(options)
  const reach = createReach(options.administered)
  const targetOf = (c: Context, { account }: Caller) =>
    reach.requireAccount(account, c.req.param('account') ?? '')

  async function admin(c: Context): Promise<Caller> {
    return requireAdmin(await callerOf(c))
  }

  /** Reads who acts on which account and why. Counts acts, so that a stolen credential cannot change all accounts. */
  async function acting<S extends z.ZodType<{ reason?: string | undefined }>>(c: Context<Env>, schema: S) {
    const caller = await admin(c)
    const target = targetOf(c, caller)
    const wanted = parseAs(schema, await jsonBody(c))
    await countAct(caller.account)
    const by: By = { actor: caller.account, target, reason: wanted.reason, payer: caller.payer }
    return { caller, by, wanted }
  }

  function answer(c: Context, account: string, { record, synced, cancelledJobs }: Done) {
    const jobs = cancelledJobs === undefined ? {} : { cancelled_jobs: cancelledJobs }
    return c.json({ ...shownAccount(account, record, now()), synced, ...jobs })
  }

  return {
    'GET /v1/admin/accounts': async (c) => {
      const by = await admin(c)
      const { search, next } = parseAs(AccountList, c.req.query())
      const page = await searchAccounts(accounts, search, next, (account) =>
        reach.reaches(by.account, account),
      )
      const data = page.accounts.map(({ account, ...record }) => shownAccount(account, record, now()))
      return c.json({ object: 'list', data, next: page.next ?? null })
    },
    'GET /v1/admin/accounts/:account': async (c) => {
      const target = targetOf(c, await admin(c))
      const [record, { own, keys }] = await Promise.all([accounts.get(target), readAnomaly.of(target)])
      return c.json({
        ...shownAccount(target, record, now()),
        anomaly: own ? shownScore(own) : null,
        key_anomalies: keys.map(({ key, ...score }) => ({ key, ...shownScore(score) })),
      })
    },
    'GET /v1/admin/accounts/:account/usage': async (c) => {
      const target = targetOf(c, await admin(c))
      const { plan: set } = await accounts.get(target)
      const { plans, default_plan } = catalog()
      const plan = plans.find(({ id }) => id === (set ?? default_plan))
      const known = {
        billingDay: plan?.billing_day ?? 1,
        budgets: set === undefined ? undefined : plan?.budgets,
      }
      return c.json(shownUsage(target, await readUsage(target, known)))
    },
    'POST /v1/admin/accounts/:account/suspend': async (c) => {
      const { caller, by } = await acting(c, Plain)
      if (by.actor === by.target)
        throw new TwohopError('invalid_request', 'Expected another account than the one that you act by.', {
          param: 'account',
        })
      return once(c, caller, async () => answer(c, by.target, await acts.suspend(by)))
    },
    'POST /v1/admin/accounts/:account/restore': async (c) => {
      const { caller, by } = await acting(c, Plain)
      return once(c, caller, async () => answer(c, by.target, await acts.restore(by)))
    },
    'POST /v1/admin/accounts/:account/plan': async (c) => {
      const { caller, by, wanted } = await acting(c, PlanChange)
      if (wanted.plan !== null && !catalog().plans.some(({ id }) => id === wanted.plan))
        throw new TwohopError(
          'invalid_request',
          `Expected ${oneOf(catalog().plans.map(({ id }) => id))}, found the name of no plan.`,
          { param: 'plan' },
        )
      return once(c, caller, async () =>
        answer(c, by.target, await acts.setPlan(by, wanted.plan, wanted.billing_day)),
      )
    },
    'POST /v1/admin/accounts/:account/grant': async (c) => {
      const { caller, by, wanted } = await acting(c, Grant)
      return once(c, caller, async () => {
        const record = await acts.grant(by, wanted.units, now() + wanted.days * DAY)
        return c.json(shownAccount(by.target, record, now()))
      })
    },
    'GET /v1/admin/audit': async (c) => {
      const by = await admin(c)
      const { target, next, limit } = parseAs(AuditList, c.req.query())
      const page = await audit.list({ target, next, most: limit })
      const seen = page.entries.filter((entry) => reach.sees(by.account, entry))
      return c.json({ object: 'list', data: seen.map(shownEntry), next: page.next ?? null })
    },
  } satisfies Record<string, Handler<Env>>
}

/** An account as the admin API shows it; times are seconds since the epoch. */
function shownAccount(
  id: string,
  { status, plan, billingDay, revokedBefore, extra }: AccountRecord,
  now: number,
) {
  const running = extra && extra.until > now ? extra : undefined
  return {
    object: 'account',
    id,
    status,
    plan: plan ?? null,
    billing_day: billingDay ?? null,
    revoked_before: revokedBefore ?? null,
    extra: running ? { units: running.units, until: secondOf(running.until) } : null,
  }
}

function shownUsage(account: string, { running, requestsThisMinute, budgets }: AccountUsage) {
  return {
    object: 'account.usage',
    account,
    concurrent: { running },
    requests: { this_minute: requestsThisMinute },
    units: Object.fromEntries(
      Object.entries(budgets).map(([window, { limit, used, held, resetMs }]) => [
        window,
        { limit: limit ?? null, used, held, resets_in: secondsOfWait(resetMs) },
      ]),
    ),
  }
}

function shownEntry({ id, at, actor, action, target, reason, detail }: AuditEntry) {
  return {
    object: 'audit_entry',
    id,
    at: secondOf(at),
    actor,
    action,
    target,
    reason: reason ?? null,
    detail,
  }
}
