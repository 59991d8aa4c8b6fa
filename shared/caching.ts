import * as z from 'zod'

/** What a model says of answers that are given again. */
export const Caching = z.strictObject({
  /** What an answer that is given again costs, in per cent of what it cost first; a part of a unit counts as a whole one. */
  share: z.int().min(0).max(100),
  /** Seconds for which it is kept. */
  seconds: z.int().min(1).max(86_400),
  /** Whether accounts get each other's answers. Then everybody can find out what was asked before. */
  public: z.boolean().default(false),
})
export type Caching = z.infer<typeof Caching>
