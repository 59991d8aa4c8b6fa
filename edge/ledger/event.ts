import * as z from 'zod'

/** Redis stores texts only. Whole numbers beyond 2^53 would be rounded on the way, so they are refused. */
const whole = z
  .string()
  .regex(/^-?\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger)
const text = z.string().min(1)

/**
 * A usage event's fields as the scripts write them to the stream (edge/budget/settlement.lua.ts). The optional ones
 * were added later: events written before a deployment are drained after it.
 */
const Fields = z.object({
  request_id: text,
  kind: z.enum(['charge', 'correction']),
  account: text,
  model: text,
  version: z.string().default(''),
  task: text,
  plan: text,
  key: z.string().default(''),
  month: z
    .string()
    .regex(/^\d{4}-\d\d(-\d\d)?$/)
    .optional(),
  prompt_tokens: whole,
  output_tokens: whole,
  compute_ms: whole,
  units: whole,
  extra_units: whole.default(0),
  reserved_units: whole,
  reported_units: whole,
  outcome: text,
  reserved_at: whole,
  at: whole,
})

/** A usage event as the ledger takes it: its columns, times in milliseconds since the epoch. */
export type UsageEvent = Omit<z.infer<typeof Fields>, 'account' | 'key' | 'month' | 'version'> & {
  account_id: string
  /** Id of the API key that was used; null for a user's token. */
  key_id: string | null
  /** The version of the model; null where it has none, or it is not known. */
  model_version: string | null
  /** The account's month that was charged: a UTC month, or its first day where the account has a billing day. */
  charged_month: string
}

/** The event in a stream's entry, or the name of the first bad field. */
export function usageEventOf(fields: Record<string, string>): UsageEvent | { wrong: string } {
  const { success, data, error } = Fields.safeParse(fields)
  if (!success) return { wrong: String(error.issues[0]?.path[0] ?? 'entry') }
  const { account, key, version, month = monthOf(data.reserved_at), ...event } = data
  return {
    ...event,
    account_id: account,
    key_id: key || null,
    model_version: version || null,
    charged_month: month,
  }
}

/** The UTC month of a time, such as `2026-11`. An impossible time gives `1970-01`, which the ledger refuses. */
function monthOf(ms: number): string {
  return new Date(Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString().slice(0, 7)
}
