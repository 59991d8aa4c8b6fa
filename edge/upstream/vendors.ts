import type { ForeignUpstream } from '../../shared/upstreams.ts'
import { anthropicDialect } from './anthropic.ts'
import { type Asking, createForeignHost, type Dialect } from './foreign-host.ts'
import { pause } from './in-time.ts'
import { openaiDialect } from './openai.ts'
import { createReplicateHost } from './replicate.ts'

type Options = {
  /** Keys by the names of their variables. */
  keys: ReadonlyMap<string, string>
  fetch: typeof fetch
  /** Milliseconds. */
  now: () => number
}

/** Somebody else's API as a host, by its kind. */
export function createVendor(upstream: ForeignUpstream, { keys, fetch, now }: Options): Asking {
  const key = upstream.key === undefined ? undefined : keys.get(upstream.key)
  if (upstream.kind === 'replicate') return createReplicateHost({ upstream, key, fetch, pause, now })
  return createForeignHost({ upstream, key, dialect: dialectOf(upstream, now), fetch, now })
}

function dialectOf(upstream: Exclude<ForeignUpstream, { kind: 'replicate' }>, now: () => number): Dialect {
  switch (upstream.kind) {
    case 'openai':
      return openaiDialect(upstream, now)
    case 'anthropic':
      return anthropicDialect(now)
  }
}
