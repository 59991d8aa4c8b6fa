import { PostgrestClient } from '@supabase/postgrest-js'
import { baseUrl } from '../../shared/base-url.ts'

export type SupabaseRestOptions = {
  /** The project's URL, such as https://abc.supabase.co. */
  url: string
  /** The project's secret key (`sb_secret_...`, or the legacy service_role key). */
  key: string
  /** Milliseconds that one call may take; default 10,000: Supabase ends a statement after 8 s. */
  timeoutMs?: number
  fetch: typeof fetch
}

/** The calls of functions that are made. */
export type SupabaseRest = Pick<PostgrestClient, 'rpc'>
/** Makes a client of the schema with the service role's rights. */
export type RestOf = (project: SupabaseRestOptions) => SupabaseRest

/** The schema that the project exposes. */
export const SCHEMA = 'twohop'
/** Milliseconds that one call may take by default. */
export const TIMEOUT_MS = 10_000

/**
 * A client of the schema `twohop` of supabase/migrations, with the service role's rights.
 *
 * It is only the REST client of supabase-js: 6 kB in the worker, compressed, while all of supabase-js is 59 kB.
 */
export function supabaseRest({ url, key, timeoutMs = TIMEOUT_MS, fetch }: SupabaseRestOptions): SupabaseRest {
  return new PostgrestClient(`${baseUrl(url)}/rest/v1`, {
    headers: { apikey: key, authorization: `Bearer ${key}` },
    schema: SCHEMA,
    fetch,
    timeout: timeoutMs,
  })
}
