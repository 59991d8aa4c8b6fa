/** What a request has to offer for a batch. */
export type Offer = {
  /** Tokens of each row that is still to be computed, ascending. */
  lengths: readonly number[]
  /** Tokens computed for the request so far. */
  served: number
  /** Whether it makes way for the others. */
  background?: boolean | undefined
}

/** One row of a batch: its offer, and its place among the offer's lengths. */
export type Choice = { offer: number; place: number }

export type BatchRules = {
  /** Tokens of a batch at most, padding included; a longer row goes alone. */
  tokens: number
  /**
   * How many tokens a row of a batch may be shorter than the longest, where the longest has `short` tokens or fewer.
   */
  slack: number
  /** Longer rows share a batch only with rows of the very same length. */
  short: number
  /** Rows of a batch at most. */
  rows: number
}

/**
 * What pays on all-MiniLM-L6-v2 (AVX2, one thread; microseconds of CPU for each token alone, in fours, in eights): 8
 * tokens 788, 433, 329; 16 tokens 500, 329, 319; 24 tokens 378, 312, 307; 32 tokens 397, 322, 332; from 48 tokens on
 * 340 to 390 in any number. So only short texts gain. They gain a fifth and more, and up to 4 tokens of padding (2 on
 * average) do not eat that up. A batch of more than 256 tokens gains nothing, and would keep a cancelled request
 * waiting.
 */
export const BATCH: BatchRules = { tokens: 256, slack: 4, short: 32, rows: 32 }

/**
 * Chooses the next batch. Its rows are of nearly one length, because padding costs more than batching saves. The
 * request with the fewest tokens computed so far leads with its longest row. Then all requests give one row each in
 * turn, the least served first. So a huge request neither holds up a small one nor goes without company. Background
 * requests lead only where there are no others, and get the room that the others leave.
 * @returns at least one row where any is offered, the longest first. Rows of one offer come in descending places.
 */
export function chooseBatch(offers: readonly Offer[], { tokens, slack, short, rows }: BatchRules): Choice[] {
  const order = [...offers.keys()]
    .filter((i) => (offers[i]?.lengths.length ?? 0) > 0)
    .sort(
      (a, b) => rankOf(offers[a]) - rankOf(offers[b]) || (offers[a]?.served ?? 0) - (offers[b]?.served ?? 0),
    )
  const [lead] = order
  if (lead === undefined) return []
  const longest = offers[lead]?.lengths.at(-1) ?? 0
  const shortest = longest <= short ? longest - slack : longest
  const room = Math.max(1, Math.min(rows, Math.floor(tokens / longest)))
  const places = order.map((i) => lastUpTo(offers[i]?.lengths ?? [], longest))
  const chosen: Choice[] = []
  for (const rank of [0, 1])
    for (let found = true; found; ) {
      found = false
      for (const [turn, offer] of order.entries()) {
        const place = places[turn] ?? -1
        if (rankOf(offers[offer]) !== rank || place < 0) continue
        if ((offers[offer]?.lengths[place] ?? 0) < shortest) continue
        if (chosen.length === room) return chosen
        chosen.push({ offer, place })
        places[turn] = place - 1
        found = true
      }
    }
  return chosen
}

const rankOf = (offer: Offer | undefined) => (offer?.background ? 1 : 0)

/** The last place of a value up to `most` in an ascending list; -1 where all are greater. */
function lastUpTo(ascending: readonly number[], most: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) <= most) low = middle + 1
    else high = middle
  }
  return low - 1
}
