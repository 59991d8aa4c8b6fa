import type { Context } from 'hono'
import type { Metrics } from '../metrics/metrics.ts'
import type { MayRead } from './may-read.ts'

type Options = { metrics: Pick<Metrics, 'text' | 'contentType'>; mayRead: MayRead }

/** `GET /metrics`: the host's figures for Prometheus. */
export function metricsRoute({ metrics, mayRead }: Options) {
  return async function handleMetrics(context: Context): Promise<Response> {
    await mayRead(context)
    return new Response(await metrics.text(), {
      headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
    })
  }
}
