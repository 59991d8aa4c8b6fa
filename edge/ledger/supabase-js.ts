import { createClient } from '@supabase/supabase-js'
import { createTimedFetch } from '../../shared/timed-fetch.ts'
import { type RestOf, SCHEMA, TIMEOUT_MS } from './supabase-rest.ts'

/** As supabaseRest, by supabase-js itself, on a platform to which it belongs. */
export const supabaseJsRest: RestOf = ({ url, key, timeoutMs = TIMEOUT_MS, fetch }) =>
  createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: createTimedFetch(fetch, timeoutMs) },
  }).schema(SCHEMA)
