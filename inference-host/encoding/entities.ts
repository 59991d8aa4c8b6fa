import { at } from '../platform/at.ts'
import type { Aggregation } from '../work/encode.ts'
import type { Span } from './offsets.ts'

/** A token, or the tokens of a word, with the probability of each label. */
export type LabelledToken = {
  /** Its place among the row's tokens. */
  index: number
  ids: number[]
  scores: readonly number[]
  span: Span | undefined
  /** Whether it continues the word of the token before it. */
  continues: boolean
}

/** Tokens that make up one entity. */
export type Entity = { tag: string; score: number; ids: number[]; span: Span | undefined }

/**
 * Joins tokens to words. A word's labels are those of its first token, the average of all, or those of the surest
 * token, as in transformers' `first`, `average` and `max`.
 */
export function wordsOf(
  tokens: readonly LabelledToken[],
  how: Exclude<Aggregation, 'none' | 'simple'>,
): LabelledToken[] {
  const words: LabelledToken[][] = []
  for (const token of tokens)
    if (token.continues && words.length > 0) words.at(-1)?.push(token)
    else words.push([token])
  return words.map((word) => {
    return {
      ...at(word, 0),
      ids: word.flatMap(({ ids }) => ids),
      scores: scoresOf(word, how),
      span: around(word),
    }
  })
}

function scoresOf(word: readonly LabelledToken[], how: 'first' | 'average' | 'max'): readonly number[] {
  const first = word[0]?.scores ?? []
  if (how === 'first') return first
  if (how === 'average') return first.map((_, label) => mean(word.map(({ scores }) => scores[label] ?? 0)))
  const sureness = (token: LabelledToken) => Math.max(...token.scores)
  return word.reduce((best, token) => (sureness(token) > sureness(best) ? token : best)).scores
}

/**
 * Joins neighbours of one tag. Labels are B- (begins), I- (goes on), E- (ends) and S- (alone) before a tag, or a tag by
 * itself. The score is the tokens' average.
 */
export function groupTokens(tokens: readonly (LabelledToken & { label: string; score: number })[]): Entity[] {
  const groups: { tag: string; tokens: (LabelledToken & { score: number })[] }[] = []
  let open: string | undefined
  for (const token of tokens) {
    const [, prefix = 'I', tag = token.label] = /^([BIES])-(.*)$/s.exec(token.label) ?? []
    if (open === tag && prefix !== 'B' && prefix !== 'S') groups.at(-1)?.tokens.push(token)
    else groups.push({ tag, tokens: [token] })
    open = prefix === 'E' || prefix === 'S' ? undefined : tag
  }
  return groups.map(({ tag, tokens: members }) => ({
    tag,
    score: mean(members.map(({ score }) => score)),
    ids: members.flatMap(({ ids }) => ids),
    span: around(members),
  }))
}

function around(tokens: readonly LabelledToken[]): Span | undefined {
  const spans = tokens.flatMap(({ span }) => span ?? [])
  const [first, last] = [spans[0], spans.at(-1)]
  return first && last && { start: first.start, end: last.end }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
