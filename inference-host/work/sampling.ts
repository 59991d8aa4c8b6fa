/** How a request wants its tokens chosen. What is undefined is the model's own default. */
export type SamplingSettings = {
  /** 0 is greedy. */
  temperature?: number | undefined
  /** The fewest likeliest tokens that hold this share of the probability; 1 is all. */
  topP?: number | undefined
  /** This many of the likeliest; 0 or less is all. */
  topK?: number | undefined
  /** Those at least this share as likely as the likeliest; 0 is all. */
  minP?: number | undefined
  /**
   * Divides positive and multiplies negative logits of tokens in the prompt and the output (CTRL, arXiv:1909.05858).
   */
  repetitionPenalty?: number | undefined
  /** Subtracted from a token's logit once per time it was generated (OpenAI's definition). */
  frequencyPenalty?: number | undefined
  /** Subtracted from a token's logit where it was generated at all (OpenAI's definition). */
  presencePenalty?: number | undefined
  /** Added to the logits of these token ids; ids beyond the vocabulary are passed over. */
  logitBias?: ReadonlyMap<number, number> | undefined
  /** Report log probabilities, with this many of the likeliest tokens beside the chosen one. */
  logprobs?: number | undefined
}
