import { PostgrestClient } from '@supabase/postgrest-js'
import * as z from 'zod'
import { baseUrl } from '../../shared/base-url.ts'
import { type ActLedger, type Ledger, LedgerAway, LedgerRefused } from './port.ts'

type SupabaseLedgerOptions = {
  /** The project's URL, such as https://abc.supabase.co. */
  url: string
  /** The project's secret key (`sb_secret_...`, or the legacy service_role key). */
  key: string
  /** Milliseconds that one call may take; default 10,000: Supabase ends a statement after 8 s. */
  timeoutMs?: number
  fetch: typeof fetch
}

const Count = z.int().min(0)
const Recorded = z.object({ recorded: Count, duplicates: Count, conflicts: z.array(Count) })
const WindowUnits = z.object({ units: z.int(), rolled: z.int() })
const Totals = z.array(z.object({ account: z.string(), windows: z.record(z.string(), WindowUnits) }))

/** A SQLSTATE, or an error code of PostgREST. */
const CODE = /^([0-9A-Z]{5}|PGRST\w{1,5})$/

/** SQLSTATE classes of an event that cannot be stored: data exception, integrity constraint violation. */
const REFUSED = /^2[23]\w{3}$/

/**
 * The ledger in Supabase Postgres, through the functions of supabase/migrations. Each call is one request.
 *
 * It uses only the REST client of supabase-js: 6 kB in the worker, compressed, while all of supabase-js is 59 kB.
 */
export function createSupabaseLedger({
  url,
  key,
  timeoutMs = 10_000,
  fetch,
}: SupabaseLedgerOptions): Ledger & ActLedger {
  const rest = new PostgrestClient(`${baseUrl(url)}/rest/v1`, {
    headers: { apikey: key, authorization: `Bearer ${key}` },
    schema: 'twohop',
    fetch,
    timeout: timeoutMs,
  })

  async function call<Answer>(name: string, args: object, answer: z.ZodType<Answer>): Promise<Answer> {
    const { data, error, status } = await rest.rpc(name, args)
    if (error) {
      // The client's message may hold the URL, so only the code is used. The type promises a code, but an error body
      // that is not PostgREST's has none.
      const code = typeof error.code === 'string' && CODE.test(error.code) ? error.code : `http_${status}`
      throw REFUSED.test(code) ? new LedgerRefused(code) : new LedgerAway(code)
    }
    const read = answer.safeParse(data)
    if (!read.success) throw new LedgerAway('answer_unknown', read.error)
    return read.data
  }

  return {
    record: (events) => call('record_usage_events', { events }, Recorded),
    recordActs: (acts, { accounts, apiKeys, readAt }) =>
      call('record_acts', { acts, accounts, keys: apiKeys, read_at: readAt }, Recorded),
    totals: (month, after) => call('usage_totals', { month: `${month}-01`, after }, Totals),
  }
}
