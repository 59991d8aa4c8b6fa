const HOUR = 3_600_000

/**
 * How an anomaly score is made (docs/abuse.md): half-lives in milliseconds, points of each sign, and where it begins. The
 * Lua that scores is made of these (edge/budget/anomaly.lua.ts).
 */
export const ANOMALY = {
  /** Of the count that says how often a credential asks now. */
  fastMs: HOUR / 6,
  /** Of the count that says how often it usually does. */
  slowMs: 7 * 24 * HOUR,
  /** Of what was refused, and of answers that were as long as they might. */
  shareMs: HOUR,
  /** Of having been somewhere new. */
  movedMs: 24 * HOUR,
  /** An account is new for so long. */
  newMs: 24 * HOUR,
  /** Requests an hour that are usual for everybody. */
  usualPerHour: 30,
  /** Requests that a share is made of, at least. */
  least: 10,
  /** Accounts of one address that are usual: a household, a small office. */
  usualAccounts: 3,
  /** Countries that are remembered of a credential, and accounts of an address, at most. */
  countries: 8,
  accounts: 32,
  /** Credentials that are remembered as found, at most. */
  found: 200,
  /** What nobody asked with for so long is forgotten. */
  keptMs: 30 * 24 * HOUR,
  networkKeptMs: 24 * HOUR,
  points: { rate: 30, refused: 15, maxed: 15, country: 25, network: 25, age: 10 },
  /** Points for each doubling of the usual rate, and for each account of an address beyond the usual. */
  perDoubling: 10,
  perAccount: 5,
} as const

/** Who acts in the audit log where a score suspends. */
export const SCORE_ACTOR = 'anomaly score'

/** Where a caller is; what the platform does not say is undefined. */
export type Whence = {
  /** Two letters. */
  country?: string | undefined
  /** A keyed hash of the caller's network. */
  network?: string | undefined
}

/** What is done about a credential whose score is `at` or more, and what the platform says of where it is. */
export type Watched = Whence & { action: 'log' | 'challenge' | 'suspend'; at: number }

/** A score from 0 to 100, and the points of each sign that make it: `rate=30 country=25`. */
export type Anomaly = { score: number; why: string }

/** The words of a script that scores; empty where nobody is watched. */
export function watchedWords(watched: Watched | undefined): string {
  if (!watched) return ''
  const { action, at, country = '', network = '' } = watched
  return [
    action,
    at,
    // XX is Cloudflare's word for not knowing it.
    /^[A-Z0-9]{2}$/.test(country) && country !== 'XX' ? country : '-',
    /^[0-9a-f]{1,64}$/.test(network) ? network : '-',
  ].join(' ')
}

/** Reads what a script says of a score. @throws TypeError where it says something else */
export function anomalyOf(text: unknown): Anomaly {
  const [, score, why] = /^(\d{1,3}) ([a-z0-9= ]*)$/.exec(String(text)) ?? []
  if (score === undefined || why === undefined) throw new TypeError('the store gave no score')
  return { score: Number(score), why }
}
