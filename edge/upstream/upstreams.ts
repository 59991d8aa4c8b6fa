import { createBreaker, ServiceAway } from '../../shared/breaker.ts'
import type { Catalog, Model } from '../../shared/catalog.ts'
import type { ForeignUpstream, OwnUpstream, Target, Upstream } from '../../shared/upstreams.ts'
import type { Log } from '../log/port.ts'
import type { Place, Routes } from './choose.ts'
import { createHostLoad, type HostLoad } from './host-load.ts'
import { pause } from './in-time.ts'
import type { Host } from './port.ts'
import { createRouter, hasFailed, isAway, type Reached } from './router.ts'

type Options = {
  catalog: Pick<Catalog, 'models' | 'upstreams'>
  /** Makes the caller of an own host, and what asks whether it is there. The host of HOST_URL has no `load`. */
  ownHost: (url: string, load?: HostLoad) => { host: Host; isReady: () => Promise<boolean> }
  /** Makes the caller of somebody else's API. */
  foreignHost: (upstream: ForeignUpstream) => Host
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
  const { upstreams = [], models } = catalog
  const { host: own } = ownHost(hostUrl)
  if (upstreams.length === 0) return { host: own, isOwn: () => true, probe: undefined }

  const told = (id: string) => (away: boolean) =>
    void log('warn', away ? 'upstream_away' : 'upstream_back', { detail: { upstream: id } })

  /** An own host that is away is asked whether it is back by a call of its own, so that no request has to find out. */
  function reachOwn({ id, url, timeout_ms }: OwnUpstream) {
    const load = createHostLoad(now)
    const { host, isReady } = ownHost(url, load)
    let away = false
    const breaker = createBreaker({
      now,
      isSilence: isAway,
      most: 1,
      onChange(isSo) {
        away = isSo
        told(id)(isSo)
      },
    })
    async function probe() {
      await breaker.run(isReady).catch(() => {})
    }
    const reached: Reached = {
      host,
      timeoutMs: timeout_ms,
      load,
      guard(call) {
        if (!away) return breaker.watch(call)
        void probe()
        return Promise.reject(new ServiceAway('the host did not answer a moment ago'))
      },
      watch: breaker.watch,
    }
    return {
      reached,
      probe: () =>
        breaker.watch(isReady).then(
          () => {},
          () => {},
        ),
    }
  }

  /** What is away is asked again by one request a second: there is nothing else to ask. */
  function reachForeign(upstream: ForeignUpstream): Reached {
    const breaker = createBreaker({ now, isSilence: hasFailed, onChange: told(upstream.id) })
    return {
      host: foreignHost(upstream),
      timeoutMs: upstream.timeout_ms,
      load: createHostLoad(now),
      guard: breaker.run,
      watch: breaker.watch,
    }
  }

  const reached = new Map<string, Reached>()
  const probes: (() => Promise<void>)[] = []
  for (const upstream of upstreams)
    if (upstream.kind === 'own') {
      const one = reachOwn(upstream)
      reached.set(upstream.id, one.reached)
      probes.push(one.probe)
    } else reached.set(upstream.id, reachForeign(upstream))
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
