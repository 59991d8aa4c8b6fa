import type { Catalog, Model } from '../../shared/catalog.ts'
import { type ForeignUpstream, HOST, type Target, type Upstream } from '../../shared/upstreams.ts'
import type { Log } from '../log/port.ts'
import type { Place, Routes } from './choose.ts'
import type { Asking } from './foreign-host.ts'
import { createHostLoad, type HostLoad } from './host-load.ts'
import { pause } from './in-time.ts'
import type { Host } from './port.ts'
import { createRouter, type Reached } from './router.ts'
import { createUpstreamBreaker } from './upstream-breaker.ts'

type Options = {
  catalog: Pick<Catalog, 'models' | 'upstreams'>
  /** Makes the caller of an own host, and what asks whether it is there. The host of HOST_URL has no `load`. */
  ownHost: (url: string, load?: HostLoad) => Asking
  /** Makes the caller of somebody else's API. */
  foreignHost: (upstream: ForeignUpstream) => Asking
  /** The host of HOST_URL. */
  hostUrl: string
  now: () => number
  random: () => number
  log: Log
}

/** All upstreams of an edge. */
export type Upstreams = {
  host: Host
  /** Whether every upstream of a model is an own host. */
  isOwn: (model: string) => boolean
  /** Asks each own host of the catalog whether it is there; undefined where there is none. Never throws. */
  probe: (() => Promise<void>) | undefined
}

/**
 * The upstreams of a catalog as one host. Without any in the catalog it is the host of HOST_URL itself, and nothing is in
 * between.
 */
export function createUpstreams({
  catalog,
  ownHost,
  foreignHost,
  hostUrl,
  now,
  random,
  log,
}: Options): Upstreams {
  const { models } = catalog
  const { host: own } = ownHost(hostUrl)
  if (models.every((model) => model.upstreams === undefined))
    return { host: own, isOwn: () => true, probe: undefined }

  const reached = new Map<string, Reached>()
  const probes: (() => Promise<void>)[] = []
  const upstreams: Upstream[] = [...(catalog.upstreams ?? []), { id: HOST, kind: 'own', url: hostUrl }]
  for (const upstream of upstreams) {
    const load = createHostLoad(now)
    const isOwn = upstream.kind === 'own'
    const { host, isReady } = isOwn ? ownHost(upstream.url, load) : foreignHost(upstream)
    const onChange = (away: boolean) =>
      void log('warn', away ? 'upstream_away' : 'upstream_back', { detail: { upstream: upstream.id } })
    const { guard, watch, probe } = createUpstreamBreaker({ isReady, isOwn, now, onChange })
    reached.set(upstream.id, { host, timeoutMs: upstream.timeout_ms, load, guard, watch })
    if (isOwn) probes.push(probe)
  }
  const kinds = new Map(upstreams.map(({ id, kind }) => [id, kind]))
  const routes = new Map(
    models.flatMap((model) => (model.upstreams ? [[model.id, routesOf(model, kinds)] as const] : [])),
  )
  return {
    host: createRouter({ routes, upstreams: reached, own, now, random, pause, log }),
    isOwn(model) {
      const found = routes.get(model)
      return !found || [...found.drawn, ...found.fallback].every((place) => place.own)
    },
    probe: probes.length === 0 ? undefined : async () => void (await Promise.all(probes.map((one) => one()))),
  }
}

function routesOf(
  { id: called, upstreams = [], fallback = [] }: Model,
  kinds: ReadonlyMap<string, Upstream['kind']>,
): Routes {
  const place = ({ id, model = called }: Target, weight: number): Place => ({
    id,
    model,
    weight,
    own: kinds.get(id) === 'own',
  })
  return {
    drawn: upstreams.map((target) => place(target, target.weight)),
    fallback: fallback.map((target) => place(target, 1)),
  }
}
