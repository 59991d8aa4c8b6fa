/** The words that prompts are made of: one token each in vocabularies like GPT-2's, and in those of made models. */
export const PROMPT_WORDS: readonly string[] =
  'time people way day man thing woman life child world school state family student group country'.split(' ')
