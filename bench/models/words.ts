/** The words that prompts are made of: one token each in GPT-2's kind of vocabulary, and in those of made models. */
export const PROMPT_WORDS: readonly string[] =
  'time people way day man thing woman life child world school state family student group country'.split(' ')
