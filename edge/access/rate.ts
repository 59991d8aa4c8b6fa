/**
 * Counts one act of somebody who changes keys or accounts. What reserves nothing is not bounded by budgets, so this is.
 * @throws TwohopError rate_limited, or store_unavailable: nothing is done that was not counted
 */
export type CountAct = (who: string) => Promise<void>
