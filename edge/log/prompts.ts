import * as z from 'zod'

/** What was asked, as it is kept with `LOG_PROMPTS=redacted`. */
export const PromptEntry = z.object({
  request_id: z.string(),
  account: z.string(),
  plan: z.string(),
  model: z.string(),
  version: z.string().optional(),
  task: z.string(),
  /** The host's request as JSON, without what the guards find. */
  prompt: z.string(),
  /** Whether it was longer. */
  cut: z.boolean().optional(),
})
export type PromptEntry = z.infer<typeof PromptEntry>

/** A prompt, and when it was asked, in milliseconds since the epoch. */
export type KeptPrompt = PromptEntry & { at: number }

/** Keeps prompts for a while. Every method throws TwohopError store_unavailable. */
export type PromptStore = {
  keep(entry: PromptEntry): Promise<void>
  /** Drops those that were kept long enough. */
  forget(): Promise<void>
  /** Those that are kept, the latest first. */
  latest(most: number): Promise<KeptPrompt[]>
}
