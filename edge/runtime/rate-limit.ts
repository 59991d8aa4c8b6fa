import type { Limiter } from '../access/strangers.ts'

/** The name of the binding that counts strangers, where wrangler.toml has one. */
export const STRANGERS = 'STRANGERS'

/** A rate limit of Workers (developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit). */
export type RateLimit = { limit(options: { key: string }): Promise<{ success: boolean }> }

/** Counts by the binding, over the isolates of one place; undefined where there is none. */
export const limiterOf = (binding: RateLimit | undefined): Limiter | undefined =>
  binding && (async (network) => (await binding.limit({ key: network })).success)
