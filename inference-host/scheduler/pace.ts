import { createRecent } from './recent.ts'

/** How long one finished request took in its slot, in milliseconds, and how many tokens it wrote. */
export type Finished = {
  slotMs: number
  /** From the slot to its first token, or to its end where it writes none. */
  answerMs: number
  /** Mean gap between its tokens; undefined for fewer than two. */
  perTokenMs: number | undefined
  outputTokens: number
  outputLimit: number
}

/** How fast an engine has been of late. All in milliseconds, 0 while too little is known. */
export type Pace = {
  add(finished: Finished): void
  /** The shortest wait for a slot behind `ahead` requests. */
  leastWait(ahead: number): number
  /** How long that usually takes. */
  usualWait(ahead: number): number
  /** The shortest time in its slot for a request that may write `outputTokens` at most. */
  leastTime(outputTokens: number): number
}

type Options = {
  slots: number
  /** Milliseconds on a steady clock. */
  now: () => number
}

/**
 * The pace of an engine with `slots`, learnt from what it finishes.
 *
 * The least wait is that of the best case: every slot is free now and serves no other requests. Then `slots` requests
 * run at a time, and each takes the shortest time seen lately. The least time in the slot is also that of the best
 * case. It is the quickest first token, then the smallest part of its limit that a request has lately used, at the
 * quickest gap.
 */
export function createPace(engine: Options): Pace {
  const { now } = engine
  const slotTime = createRecent({ now })
  const answer = createRecent({ now })
  const perToken = createRecent({ now })
  const used = createRecent({ now })

  return {
    add({ slotMs, answerMs, perTokenMs, outputTokens, outputLimit }) {
      slotTime.add(slotMs)
      answer.add(answerMs)
      if (perTokenMs !== undefined) perToken.add(perTokenMs)
      if (outputLimit > 0) used.add(outputTokens / outputLimit)
    },
    leastWait: (ahead) => Math.floor(ahead / engine.slots) * slotTime.least(),
    usualWait: (ahead) => ((ahead + 1) / engine.slots) * slotTime.mean(),
    leastTime: (outputTokens) =>
      answer.least() + Math.max(0, Math.ceil(outputTokens * used.least()) - 1) * perToken.least(),
  }
}
