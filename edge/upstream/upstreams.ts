import type { Catalog, Model } from '../../shared/catalog.ts'
import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import { latest } from '../../shared/latest.ts'
import { type ForeignUpstream, HOST, type Target, type Upstream } from '../../shared/upstreams.ts'
import type { Version } from '../../shared/versions.ts'
import type { Log } from '../log/port.ts'
import type { Place, Routes } from './choose.ts'
import type { Asking } from './foreign-host.ts'
import { createHostLoad, type HostLoad } from './host-load.ts'
import type { ModelState } from './host-state.ts'
import { pause } from './in-time.ts'
import type { OwnHost } from './own-host.ts'
import type { HostCall, UpstreamCaller } from './port.ts'
import { createRouter, type Reached } from './router.ts'
import { createUpstreamBreaker } from './upstream-breaker.ts'

type Options = {
  /** The upstreams are those that it names at the start. */
  catalog: Pick<Catalog, 'models' | 'upstreams'>
  /** The models now, where they may change while the edge runs. */
  modelsNow?: (() => readonly Model[]) | undefined
  /** Makes the caller of an own host, and what asks whether it is there. The host of HOST_URL has no `load`. */
  ownHost: (url: string, load?: HostLoad) => Asking & Pick<OwnHost, 'state'>
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
  host: UpstreamCaller
  /** Whether every upstream of a model's version is an own host. */
  isOwn: (model: Model, version: string | undefined) => boolean
  /** Whether a foreign upstream may compute a model, in whichever version. */
  leaves: (model: Model) => boolean
  /** Asks each own host of the catalog whether it is there; undefined where there is none. Never throws. */
  probe: (() => Promise<void>) | undefined
  /** Asks each own host what it does right now. Never throws. */
  states: (by: { requestId: string; account: string }) => Promise<HostState[]>
}

/** An own host by its upstream's id: what it does with each model, or the code by which it could not be asked. */
export type HostState = { id: string } & ({ models: ModelState[] } | { error: ErrorCode })

/**
 * The upstreams of a catalog as one host. Without any in the catalog it is the host of HOST_URL itself, and nothing is in
 * between.
 */
export function createUpstreams({
  catalog,
  modelsNow,
  ownHost,
  foreignHost,
  hostUrl,
  now,
  random,
  log,
}: Options): Upstreams {
  const { host: own, state } = ownHost(hostUrl)
  const asking = new Map<string, OwnHost['state']>([[HOST, state]])
  const states: Upstreams['states'] = (by) =>
    Promise.all(
      [...asking].map(([id, ask]) => stateOf(id, () => ask({ ...by, requestId: `${by.requestId}.${id}` }))),
    )
  if (!modelsNow && catalog.models.every(isPlain))
    return { host: own, isOwn: () => true, leaves: () => false, probe: undefined, states }

  const reached = new Map<string, Reached>()
  const probes: (() => Promise<void>)[] = []
  const upstreams: Upstream[] = [...(catalog.upstreams ?? []), { id: HOST, kind: 'own', url: hostUrl }]
  for (const upstream of upstreams) {
    const load = createHostLoad(now)
    const isOwn = upstream.kind === 'own'
    const made: Asking & Partial<Pick<OwnHost, 'state'>> = isOwn
      ? ownHost(upstream.url, load)
      : foreignHost(upstream)
    const { host, isReady } = made
    if (made.state) asking.set(upstream.id, made.state)
    const onChange = (away: boolean) =>
      void log('warn', away ? 'upstream_away' : 'upstream_back', { detail: { upstream: upstream.id } })
    const { guard, watch, probe } = createUpstreamBreaker({ isReady, isOwn, now, onChange })
    reached.set(upstream.id, { host, timeoutMs: upstream.timeout_ms, load, guard, watch })
    if (isOwn) probes.push(probe)
  }
  const kinds = new Map(upstreams.map(({ id, kind }) => [id, kind]))
  const routesOf = createRoutes(modelsNow ?? (() => catalog.models), kinds)
  const isOwn: Upstreams['isOwn'] = (model, version) => {
    const found = routesOf({ model: model.id, version, of: model })
    return !found || [...found.drawn, ...found.fallback].every((place) => place.own)
  }
  return {
    host: createRouter({ routesOf, upstreams: reached, own, now, random, pause, log }),
    isOwn,
    states,
    leaves: (model) => ![undefined, ...(model.versions ?? [])].every((version) => isOwn(model, version?.id)),
    probe: probes.length === 0 ? undefined : async () => void (await Promise.all(probes.map((one) => one()))),
  }
}

async function stateOf(id: string, ask: () => Promise<ModelState[]>): Promise<HostState> {
  try {
    return { id, models: await ask() }
  } catch (error) {
    return { id, error: error instanceof TwohopError ? error.code : 'host_failed' }
  }
}

/** Whether a model is computed on the host of HOST_URL under its own name, whichever version it is. */
const isPlain = ({ upstreams, versions = [] }: Model): boolean =>
  !upstreams && versions.every((version) => !version.upstreams && version.model === undefined)

/**
 * Where models and their versions are computed: by the model as it was when the request was reserved, so that a change of the
 * catalog leads no request under way elsewhere.
 */
function createRoutes(models: () => readonly Model[], kinds: ReadonlyMap<string, Upstream['kind']>) {
  const made = new WeakMap<Model, ReadonlyMap<string | undefined, Routes>>()
  const byId = latest(models, (now) => new Map(now.map((model) => [model.id, model])))

  return function routesOf({ model, version, of = byId().get(model) }: Asked): Routes | undefined {
    if (of === undefined) return undefined
    let routes = made.get(of)
    if (routes === undefined) {
      routes = placesOf(of, kinds)
      made.set(of, routes)
    }
    return routes.get(version)
  }
}

type Asked = Pick<HostCall, 'model' | 'version' | 'of'>
type Placed = Pick<Version, 'upstreams' | 'fallback'>

/** The routes of a model by its versions, and without one. */
function placesOf(
  { id, upstreams, fallback, versions = [] }: Model,
  kinds: ReadonlyMap<string, Upstream['kind']>,
): Map<string | undefined, Routes> {
  const places = new Map<string | undefined, Placed>([[undefined, { upstreams, fallback }]])
  for (const version of versions)
    places.set(
      version.id,
      version.model === undefined
        ? version
        : { upstreams: [{ id: HOST, model: version.model, weight: 1 }], fallback: undefined },
    )
  return new Map(
    [...places].flatMap(([version, placed]): [string | undefined, Routes][] =>
      placed.upstreams ? [[version, routesAt(id, placed, kinds)]] : [],
    ),
  )
}

function routesAt(
  called: string,
  { upstreams = [], fallback = [] }: Placed,
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
