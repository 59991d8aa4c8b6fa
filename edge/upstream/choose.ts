import { drawnBy } from './prefix.ts'

/** A place where a model is computed. */
export type Place = {
  /** The upstream's id. */
  id: string
  /** What the model is called there. */
  model: string
  weight: number
  /** Whether an own host is there, one of a pool. */
  own: boolean
}

/** Where a model is computed: one of `drawn`, by weight; where none of those can, `fallback`, in order. */
export type Routes = { drawn: readonly Place[]; fallback: readonly Place[] }

/** What choosing takes. */
export type View = {
  /** How busy a place is: requests for each place where one is computed. */
  load: (place: Place) => number
  /** A number from 0 to below 1. */
  random: () => number
  /** The hash of what the prompt begins with; undefined where nothing would be found in a host's cache. */
  prefix: number | undefined
}

/**
 * The host that has a prefix gets it as long as its load is within this share of the mean, and this much above it: on hosts
 * with little to do the mean says nothing. With less of both fewer prompts are found in a cache, with more of both hosts
 * wait while others are idle (bench/hosts/simulate.ts).
 */
const BOUND = 1.25
const SLACK = 0.25

/** The next place to ask; undefined where all that may be asked have been. @param isOpen whether a place may be asked */
export function nextPlace(
  { drawn, fallback }: Routes,
  isOpen: (place: Place) => boolean,
  view: View,
): Place | undefined {
  const open = drawn.filter((place) => place.weight > 0 && isOpen(place))
  const first = drawByWeight(open, view.random)
  if (first === undefined) return fallback.find(isOpen)
  if (!first.own) return first
  return chooseHost(
    first,
    open.filter((place) => place.own),
    view,
  )
}

/**
 * One host of a pool: the one whose cache is likeliest to have the prompt's beginning (rendezvous hashing, Thaler and
 * Ravishankar 1998), unless that is busier than the bound (consistent hashing with bounded loads, Mirrokni et al. 2018).
 * Else the less busy one of two that are drawn (the power of two choices, Mitzenmacher 2001).
 * @param first one of them, drawn by weight
 */
export function chooseHost(first: Place, pool: readonly Place[], { load, random, prefix }: View): Place {
  if (pool.length < 2) return first
  if (prefix !== undefined) {
    const home = homeOf(pool, prefix)
    const mean = pool.reduce((sum, place) => sum + load(place), 0) / pool.length
    if (load(home) <= BOUND * mean + SLACK) return home
  }
  const other = drawByWeight(
    pool.filter((place) => place !== first),
    random,
  )
  return other !== undefined && load(other) < load(first) ? other : first
}

/** The host of a pool that has a prefix. */
function homeOf(pool: readonly Place[], prefix: number): Place {
  const home = drawnBy(pool, prefix)
  if (home === undefined) throw new RangeError('a pool has at least one host')
  return home
}

function drawByWeight(places: readonly Place[], random: () => number): Place | undefined {
  let left = random() * places.reduce((sum, { weight }) => sum + weight, 0)
  for (const place of places) {
    left -= place.weight
    if (left < 0) return place
  }
  return places.at(-1)
}
