import type { Context, Handler } from 'hono'
import { type Caller, requireAdmin } from '../access/caller.ts'
import { EXPOSITION_TYPE } from '../stats/exposition.ts'
import type { Env } from './env.ts'

type Options = {
  callerOf: (c: Context) => Promise<Caller>
  /** The metrics as a text; undefined where the route is off. */
  readMetrics: (() => Promise<string>) | undefined
}

/** `GET /metrics`: what the whole deployment has counted, for Prometheus. */
export function metricsRoute({ callerOf, readMetrics }: Options): Handler<Env> {
  return async (c) => {
    requireAdmin(await callerOf(c), 'metrics')
    const text = (await readMetrics?.()) ?? ''
    return new Response(text, { headers: { 'content-type': EXPOSITION_TYPE, 'cache-control': 'no-store' } })
  }
}
