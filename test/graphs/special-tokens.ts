/** Marks as a tokenizer's file lists them, in the order of their ids: never part of a text's own words. */
export const specialTokens = (marks: readonly string[]) =>
  marks.map((content, id) => ({
    id,
    content,
    special: true,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  }))
