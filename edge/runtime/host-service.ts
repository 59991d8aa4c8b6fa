import { type Fetch, overWeb } from '../../shared/fetch.ts'

/** The name of the binding by which the edge reaches its host, where wrangler.toml has one. */
export const HOST_SERVICE = 'HOST_SERVICE'

/** A binding to a service: of Workers VPC (developers.cloudflare.com/workers-vpc/api), or another worker. */
export type Service = { fetch(url: string, init: RequestInit): Promise<Response> }

/**
 * Calls of the host through the binding: only its path, its headers and its name come from HOST_URL. Undefined where there
 * is none.
 */
export const throughService = (service: Service | undefined): Fetch | undefined =>
  service && overWeb((url, init) => service.fetch(url, init))
