import type { DashboardFile } from '../routes/dashboard.ts'
import type { ApiDocument } from '../routes/openapi-route.ts'
import type { Service } from './host-service.ts'

/** The name of the binding to the worker's static files, where wrangler.toml has one. */
export const ASSETS = 'ASSETS'

/**
 * The built dashboard among the files that were uploaded with the worker. Undefined where there are none.
 */
export const dashboardFrom = (assets: Service | undefined): DashboardFile | undefined =>
  assets &&
  (async (name) => {
    // Only the path counts (developers.cloudflare.com/workers/static-assets/binding).
    const answer = await assets.fetch(`https://assets.internal/${name}`, {})
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer())
    await answer.body?.cancel()
    return undefined
  })

/** The OpenAPI document among them. */
export const documentFrom = (assets: Service | undefined): ApiDocument | undefined => {
  const read = dashboardFrom(assets)
  return (
    read &&
    (async () => {
      const bytes = await read('openapi.json')
      return bytes && new TextDecoder().decode(bytes)
    })
  )
}
