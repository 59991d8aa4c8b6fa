/**
 * Counts one act of `who` and refuses one too many in a minute. Budgets do not bound requests that reserve nothing;
 * this does.
 * @throws TwohopError rate_limited, or store_unavailable; an act that was not counted must not be done
 */
export type CountAct = (who: string) => Promise<void>
