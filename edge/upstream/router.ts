import { ServiceAway } from '../../shared/breaker.ts'
import type { TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import type { Log } from '../log/port.ts'
import { nextPlace, type Place, type Routes } from './choose.ts'
import type { HostLoad } from './host-load.ts'
import { inTime, type Pause } from './in-time.ts'
import { type CountCall, type HostCall, NothingComputed, type SentCall, type UpstreamCaller } from './port.ts'
import { prefixOf } from './prefix.ts'
import { isSafe, leavesOpen, MOST_ROUNDS, MOST_TRIES, pauseBefore, tellingOf } from './retry.ts'

/** An upstream as the router calls it. */
export type Reached = {
  host: UpstreamCaller
  /** Longest that an answer may take to begin, in milliseconds. */
  timeoutMs: number | undefined
  load: HostLoad
  /** Runs a call, unless the upstream is known to be away. @throws ServiceAway where it is */
  guard<T>(call: () => Promise<T>): Promise<T>
  /** Runs a call in any case. */
  watch<T>(call: () => Promise<T>): Promise<T>
}

type Options = {
  /** Where a model, or a version of it, is computed; undefined where that is `own`, under the model's own name. */
  routesOf: (asked: Pick<HostCall, 'model' | 'version' | 'of'>) => Routes | undefined
  /** All upstreams that routes name, by their ids. */
  upstreams: ReadonlyMap<string, Reached>
  /** The host of HOST_URL. */
  own: UpstreamCaller
  now: () => number
  /** A number from 0 to below 1. */
  random: () => number
  pause: Pause
  log: Log
}

/** Requests whose place is remembered, and milliseconds after their deadline for which it is. */
const MOST_PLACED = 20_000
const AFTER_MS = 60_000

/**
 * One host made of all upstreams: it sends each request to the place that suits it. Where nothing was computed, another place
 * is asked, before the first byte of an answer only. Where it may have been, another is asked only where the reservation covers
 * both. What was sent to a place is cancelled there, and asked about there.
 */
export function createRouter({ routesOf, upstreams, own, now, random, pause, log }: Options): UpstreamCaller {
  const placed = createExpiringMap<string, Place | undefined>({ capacity: MOST_PLACED, now })
  const reached = ({ id }: Pick<Place, 'id'>): Reached => {
    const upstream = upstreams.get(id)
    if (upstream === undefined) throw new RangeError(`there is no upstream ${id}`)
    return upstream
  }
  const load = (place: Place) => reached(place).load.score

  /** One try. @param last whether it is made although the upstream is known to be away */
  function attempt<C extends HostCall | CountCall, T>(
    place: Place,
    call: C,
    last: boolean,
    send: (host: UpstreamCaller, call: C) => Promise<T>,
  ): Promise<T> {
    const upstream = reached(place)
    const given = place.own ? call.request : (call.masked ?? call.request)
    const request = place.model === call.model ? given : { ...given, model: place.model }
    const run = last ? upstream.watch : upstream.guard
    return run(() => {
      placed.set(call.requestId, place, call.deadline + AFTER_MS)
      upstream.load.sent()
      return inTime(upstream.timeoutMs, call.signal, (signal) =>
        send(upstream.host, { ...call, request, model: nameAt(place, call.model), signal }),
      )
    })
  }

  /** Gives up a try that may have computed: its upstream is told to stop, and not asked about it again. */
  function giveUp(place: Place, call: HostCall): void {
    placed.set(call.requestId, undefined, now())
    call.spare?.lost(reached(place).host.cancel({ ...call, model: nameAt(place, call.model) }))
  }

  /** Sends a call to one place after another until one takes it. @throws what tellingOf says of several failures */
  async function routed<C extends HostCall | CountCall, T>(
    call: C,
    { drawn, fallback }: Routes,
    send: (host: UpstreamCaller, call: C) => Promise<T>,
  ): Promise<T> {
    const failures: TwohopError[] = []
    const view = { load, random, prefix: drawn.length > 1 ? prefixOf(call.account, call.request) : undefined }
    let tries = 0
    let away: Place | undefined
    const one: HostCall | CountCall = call
    /** The call, while its reservation covers another try. */
    let spared = 'spare' in one && one.spare ? one : undefined
    /** The upstream of a try that may have computed. It is not asked again: it knows the request. */
    let left: string | undefined
    for (let round = 0; ; round++) {
      const tried = new Set<Place>()
      const isOpen = (place: Place) => !tried.has(place) && place.id !== left && !reached(place).load.draining
      for (let place = nextPlace({ drawn, fallback }, isOpen, view); place; ) {
        tried.add(place)
        try {
          return await attempt(place, call, false, send)
        } catch (error) {
          const safe = isSafe(error)
          if (error instanceof ServiceAway) away ??= place
          else if (!safe && !(spared && leavesOpen(error) && !call.signal.aborted)) throw error
          else {
            if (!safe && spared) {
              left = place.id
              if (!nextPlace({ drawn, fallback }, isOpen, view)) throw error
              giveUp(place, spared)
              spared = undefined
            }
            failures.push(error)
            // Where another answers, nobody else hears of it.
            if (error.code !== 'host_busy')
              void log('warn', 'upstream_failed', {
                requestId: call.requestId,
                error,
                detail: { upstream: place.id },
              })
            if (++tries === MOST_TRIES) throw tellingOf(failures)
          }
        }
        place = nextPlace({ drawn, fallback }, isOpen, view)
      }
      // Nobody is known to be there, so what is known may be old.
      if (failures.length === 0 && away?.own) return attempt(away, call, true, send)
      const pauseMs = round + 1 < MOST_ROUNDS ? pauseBefore(round, failures, random) : undefined
      if (pauseMs === undefined || now() + pauseMs >= call.deadline) throw tellingOf(failures)
      await pause(pauseMs, call.signal).catch((cause: unknown) => {
        // What may have been computed is told of as lost, so that whoever leaves now pays for no more.
        throw new NothingComputed('cancelled', 'The client left before anybody took the request in.', {
          cause,
        })
      })
    }
  }

  /** The host that had a request last, and the request as that host knows it. */
  function had(asked: SentCall): [UpstreamCaller | undefined, SentCall] {
    const place = placed.get(asked.requestId)
    if (place) return [reached(place).host, { ...asked, model: nameAt(place, asked.model) }]
    return [routesOf(asked) ? undefined : own, asked]
  }

  return {
    call(asked) {
      const found = routesOf(asked)
      return found ? routed(asked, found, (host, one) => host.call(one)) : own.call(asked)
    },
    countTokens(asked) {
      const found = routesOf(asked)
      return found ? routed(asked, found, (host, one) => host.countTokens(one)) : own.countTokens(asked)
    },
    async cancel(asked) {
      const [host, known] = had(asked)
      return host?.cancel(known)
    },
    async usage(asked) {
      const [host, known] = had(asked)
      return host?.usage(known)
    },
    async wake(asked) {
      const found = routesOf(asked)
      if (!found) return own.wake(asked)
      const isOpen = (one: Place) => one.own && !reached(one).load.draining
      const place = nextPlace(found, isOpen, { load, random, prefix: undefined })
      if (place) await reached(place).host.wake({ ...asked, model: place.model })
    },
  }
}

/**
 * The model's name in a call. An own host knows it by its name there alone; of a foreign one it is what answers call the
 * model, whatever its request says.
 */
const nameAt = ({ own, model }: Place, called: string): string => (own ? model : called)
