/**
 * What was computed for a request so far, and how long it waited and computed, in whole milliseconds.
 * `cachedPromptTokens` are those of the prompt that an engine with a prefix cache did not compute anew.
 * `firstTokenMs` is from taken in to the first token, where there was one.
 */
export type Report = {
  promptTokens: number
  cachedPromptTokens?: number
  outputTokens: number
  queueMs: number
  computeMs: number
  firstTokenMs?: number
}
