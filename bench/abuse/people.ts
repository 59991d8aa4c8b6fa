import { seeded } from '../seeded.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** One request of somebody: when, in milliseconds since the month began, from where, and how it ends. */
export type Ask = { at: number; country: string; network: string; refused: boolean; maxed: boolean }

export type Kind = 'user' | 'traveller' | 'office' | 'enthusiast' | 'stolen key' | 'farm'

/** Somebody and their month, in order. `since` is when they did what should be found; undefined of who did nothing. */
export type Person = { account: string; kind: Kind; asks: Ask[]; since?: number }

export type Population = Record<Kind, number>

/** The month of the page (docs/abuse.md). */
export const MONTH: Population = {
  user: 30,
  traveller: 5,
  office: 12,
  enthusiast: 1,
  'stolen key': 1,
  farm: 20,
}

const DAYS = 30
/** Requests of a thief or a farm that are played: what is not found by then is not found. */
const MOST_BAD = 300

/** Everybody's month, the same for the same seed. */
export function people(population: Population, seed: number): Person[] {
  return Object.entries(population).flatMap(([kind, count], at) =>
    Array.from({ length: count }, (_, n) => person(kind as Kind, n, seeded(seed * 10_007 + at * 1009 + n))),
  )
}

function person(kind: Kind, n: number, random: () => number): Person {
  const account = `${kind.replaceAll(' ', '-')}-${n}`
  const network =
    kind === 'office' ? 'a0' : kind === 'farm' ? 'b0' : `c${(n + kind.length * 100).toString(16)}`
  const home = { country: 'DE', network }
  if (kind === 'farm') return { account, kind, ...farm(random, { country: 'NL', network }) }
  const asks = month(random, home, kind)
  if (kind !== 'stolen key') return { account, kind, asks }
  const since = 20 * DAY + 3 * HOUR
  const thief = steady(random, since, 6 * SECOND, 0.9, { country: 'BR', network: 'd0' })
  return { account, kind, since, asks: [...asks, ...thief].toSorted((a, b) => a.at - b.at) }
}

type Place = Pick<Ask, 'country' | 'network'>

/** Sessions of a few minutes on most days, as people have them. */
function month(random: () => number, home: Place, kind: Kind): Ask[] {
  const perDay = 1 + Math.floor(random() * 4)
  const asks: Ask[] = []
  for (let day = 0; day < DAYS; day++) {
    const abroad = kind === 'traveller' && day >= 12 && day < 19
    const place = abroad ? { ...home, country: 'FR' } : home
    if (kind === 'enthusiast' && day === 15) asks.push(...longDay(random, day * DAY + 9 * HOUR, place))
    else if (random() < 0.7)
      for (let i = 0; i < perDay; i++)
        asks.push(...session(random, day * DAY + (8 + random() * 12) * HOUR, place))
  }
  return asks.toSorted((a, b) => a.at - b.at)
}

/** 3 to 12 requests, half a minute to two apart. */
function session(random: () => number, from: number, place: Place): Ask[] {
  let at = from
  return Array.from({ length: 3 + Math.floor(random() * 10) }, () => {
    at += (30 + random() * 90) * SECOND
    return { at, ...place, refused: random() < 0.02, maxed: random() < 0.1 }
  })
}

/** Twelve hours without a pause: 20 s to a minute apart, and often cut off by the limit. */
function longDay(random: () => number, from: number, place: Place): Ask[] {
  const asks: Ask[] = []
  for (let at = from; at < from + 12 * HOUR; at += (20 + random() * 40) * SECOND)
    asks.push({ at, ...place, refused: random() < 0.05, maxed: random() < 0.3 })
  return asks
}

/** A program's requests, so far apart. */
function steady(random: () => number, from: number, everyMs: number, maxed: number, place: Place): Ask[] {
  return Array.from({ length: MOST_BAD }, (_, i) => ({
    at: from + i * everyMs * (0.8 + random() * 0.4),
    ...place,
    refused: random() < 0.1,
    maxed: random() < maxed,
  })).toSorted((a, b) => a.at - b.at)
}

/** An account that was made for it, on the tenth day; it asks every 90 s. */
function farm(random: () => number, place: Place): Pick<Person, 'since' | 'asks'> {
  const since = 10 * DAY + random() * HOUR
  return { since, asks: steady(random, since, 90 * SECOND, 0.9, place) }
}
