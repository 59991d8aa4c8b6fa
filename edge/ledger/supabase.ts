import * as z from 'zod'
import { MonthRow, orLedgerUnavailable, type ReadMonths } from './months.ts'
import { type ActLedger, type FeedbackLedger, type Ledger, LedgerAway, LedgerRefused } from './port.ts'
import { type RestOf, type SupabaseRestOptions, supabaseRest } from './supabase-rest.ts'

const Count = z.int().min(0)
const Recorded = z.object({ recorded: Count, duplicates: Count, conflicts: z.array(Count) })
const WindowUnits = z.object({ units: z.int(), rolled: z.int() })
const Totals = z.array(z.object({ account: z.string(), windows: z.record(z.string(), WindowUnits) }))

/** A SQLSTATE, or an error code of PostgREST. */
const CODE = /^([0-9A-Z]{5}|PGRST\w{1,5})$/

/** SQLSTATE classes of an event that cannot be stored: data exception, integrity constraint violation. */
const REFUSED = /^2[23]\w{3}$/

/** The ledger in Supabase Postgres, through the functions of supabase/migrations. Each call is one request. */
export function createSupabaseLedger(
  project: SupabaseRestOptions,
  restOf: RestOf = supabaseRest,
): Ledger & ActLedger & FeedbackLedger & { months: ReadMonths } {
  async function call<Answer>(name: string, args: object, answer: z.ZodType<Answer>): Promise<Answer> {
    // The client gives only a message of what its fetch throws. A client of its own for each call, so that none gets another's.
    let failure: unknown
    const rest = restOf({
      ...project,
      fetch: (input, init) =>
        project.fetch(input, init).catch((thrown: unknown) => {
          failure = thrown
          throw thrown
        }),
    })
    const { data, error, status } = await rest.rpc(name, args)
    if (error) {
      // The client's message may hold the URL, so only the code is used. The type promises a code, but an error body
      // that is not PostgREST's has none.
      const code = typeof error.code === 'string' && CODE.test(error.code) ? error.code : `http_${status}`
      throw REFUSED.test(code) ? new LedgerRefused(code) : new LedgerAway(code, failure)
    }
    const read = answer.safeParse(data)
    if (!read.success) throw new LedgerAway('answer_unknown', read.error)
    return read.data
  }

  const months = (name: string, { from, to }: { from: string; to: string }, more = {}) =>
    orLedgerUnavailable(() =>
      call(name, { ...more, first: `${from}-01`, last: `${to}-01` }, z.array(MonthRow)),
    )

  return {
    record: (events) => call('record_usage_events', { events }, Recorded),
    recordActs: (acts, { accounts, apiKeys, readAt }) =>
      call('record_acts', { acts, accounts, keys: apiKeys, read_at: readAt }, Recorded),
    recordFeedback: (feedback) => call('record_feedback_batch', { feedback }, Recorded),
    totals: (month, after) => call('usage_totals', { month: `${month}-01`, after }, Totals),
    months: {
      of: (account, span) => months('usage_months', span, { account }),
      ofAll: (span) => months('all_usage_months', span),
    },
  }
}
