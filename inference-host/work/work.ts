import type { HostMessage } from '../../shared/openai/messages.ts'
import type { Tool, ToolChoice } from '../../shared/openai/structure.ts'
import type { Compiled } from './compiled.ts'
import type { EncodeWork } from './encode.ts'
import type { MediaWork } from './media.ts'
import type { SamplingSettings } from './sampling.ts'

/** How tokens are chosen, from which seed (undefined: a new one), and the strings that end the text. */
export type Sampling = SamplingSettings & { seed: number | undefined; stop: readonly string[] }

/** The most tokens that may be computed: what the reservation covers and what the request asks for. */
export type Limits = { promptTokens: number; outputTokens: number }

/**
 * How a prompt is to be answered. `answers` is how many times, 1 by default; they share the limit on output tokens.
 * `structure` is what each answer has to be.
 */
type Wish = { sampling: Sampling; answers?: number | undefined; structure?: Compiled | undefined }

/**
 * One request's work on one model, and its account. Nothing computed for one account is reused for another. Background
 * work makes way for all other work.
 */
export type Work = { limits: Limits; account?: string | undefined; background?: boolean | undefined } & (
  | ({
      kind: 'chat'
      messages: readonly HostMessage[]
      /** What the model may call. */
      tools?: readonly Tool[] | undefined
      toolChoice?: ToolChoice | undefined
    } & Wish)
  | ({ kind: 'complete'; prompt: string } & Wish)
  /** The tokens of that chat's prompt are to be counted. */
  | {
      kind: 'count'
      messages: readonly HostMessage[]
      tools?: readonly Tool[] | undefined
      toolChoice?: ToolChoice | undefined
    }
  | { kind: 'seq2seq'; text: string; from: string | undefined; to: string | undefined }
  | MediaWork
  | EncodeWork
)
