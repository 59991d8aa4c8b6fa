import * as z from 'zod'

/** `COST_FORECAST`: what a month costs by `npx twohop cost --forecast`, at several multiples of the load that it was made for. */
export const Forecast = z.strictObject({
  combination: z.string().min(1).max(64),
  requests: z.int().min(1),
  prompt_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
  /** Multiples of that load, rising, each with its bill in US dollars. */
  bills: z
    .array(z.strictObject({ load: z.number().positive(), usd: z.number().min(0) }))
    .min(1)
    .max(20)
    .refine(
      (bills) => bills.every(({ load }, i) => i === 0 || load > (bills[i - 1]?.load ?? 0)),
      'must rise',
    ),
})
export type Forecast = z.infer<typeof Forecast>
