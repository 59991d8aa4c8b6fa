import type { Output, PerformOptions } from '../work/engine.ts'
import type { Work } from '../work/work.ts'

/** A model of sounds or images. It does one piece of work at a time. */
export type LoadedMedia = {
  context: number
  /** Tokens that an image counts as. */
  imageTokens?: number
  /** Does one piece of work. Resolves with undefined when `stopped` ended it. */
  perform(work: Work, options: PerformOptions): Promise<Output | undefined>
}
