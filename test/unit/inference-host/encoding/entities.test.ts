import { expect, test } from 'vitest'
import { groupTokens, type LabelledToken, wordsOf } from '../../../../inference-host/encoding/entities.ts'

const token = (index: number, scores: number[], continues = false): LabelledToken => ({
  index,
  ids: [index],
  scores,
  span: { start: index * 10, end: index * 10 + 5 },
  continues,
})
const labelled = (labels: string[]) =>
  labels.map((label, i) => ({ ...token(i, [1]), label, score: 0.5 + i / 10 }))
const groups = (...labels: string[]) => groupTokens(labelled(labels)).map(({ tag, ids }) => [tag, ids])

test('neighbours of one tag are one entity, until another begins', () => {
  expect(groups('B-PER', 'I-PER', 'O', 'B-LOC', 'B-LOC', 'I-LOC')).toEqual([
    ['PER', [0, 1]],
    ['O', [2]],
    ['LOC', [3]],
    ['LOC', [4, 5]],
  ])
  expect(groups('B-PER', 'E-PER', 'I-PER', 'S-LOC', 'I-LOC')).toEqual([
    ['PER', [0, 1]],
    ['PER', [2]],
    ['LOC', [3]],
    ['LOC', [4]],
  ])
  expect(groups('NAME', 'NAME', 'x-y')).toEqual([
    ['NAME', [0, 1]],
    ['x-y', [2]],
  ])
})

test('an entity has the average score, and reaches from its first token to its last', () => {
  expect(groupTokens(labelled(['B-PER', 'I-PER']))).toEqual([
    { tag: 'PER', score: 0.55, ids: [0, 1], span: { start: 0, end: 15 } },
  ])
})

test.each([
  ['first', [0.6, 0.4]],
  ['average', [expect.closeTo(0.4, 9), expect.closeTo(0.6, 9)]],
  ['max', [0.1, 0.9]],
] as const)('a word takes its scores by %s', (how, scores) => {
  const tokens = [
    token(0, [0.6, 0.4]),
    token(1, [0.1, 0.9], true),
    token(2, [0.5, 0.5], true),
    token(3, [1, 0]),
  ]
  const [word, next] = wordsOf(tokens, how)
  expect(word).toMatchObject({ ids: [0, 1, 2], scores, span: { start: 0, end: 25 } })
  expect(next).toMatchObject({ ids: [3], scores: [1, 0] })
})
