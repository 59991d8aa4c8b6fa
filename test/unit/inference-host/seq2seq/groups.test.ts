import { Tensor } from 'onnxruntime-node'
import { beforeEach, expect, test } from 'vitest'
import { type Cache, maskOf } from '../../../../inference-host/seq2seq/cache.ts'
import type { Group } from '../../../../inference-host/seq2seq/group.ts'
import { createGroups, type Groups } from '../../../../inference-host/seq2seq/groups.ts'

type Named = { name: string; paused: number }

/** A cache of texts of 1, 2, 3 and so on tokens. */
function cacheOf(rows: number): Cache {
  const lengths = Array.from({ length: rows }, (_, i) => i + 1)
  const read = new Tensor('float32', new Float32Array(rows * rows), [rows, rows, 1])
  const written = new Tensor('float32', new Float32Array(rows * 2), [rows, 1, 2, 1])
  return { lengths, mask: maskOf(lengths), read: [read], written: [written] }
}

const group = (tokens: number, ...names: string[]): Group<Named> => ({
  members: names.map((name) => ({ name, paused: 0 })),
  cache: cacheOf(names.length),
  tokens,
})
const told = ({ members }: Groups<Named>) => members.map(({ name, paused }) => `${name} ${paused}`)

let groups: Groups<Named>
beforeEach(() => {
  groups = createGroups()
  groups.add(group(9, 'old', 'older'))
  groups.add(group(1, 'new'))
})

test('a group comes first, or joins the one that is as far', () => {
  expect([groups.youngest?.tokens, told(groups)]).toEqual([1, ['new 0', 'old 0', 'older 0']])
  groups.add(group(9, 'late'))
  groups.add(group(1, 'newest'))
  expect(told(groups)).toEqual(['new 0', 'newest 0', 'old 0', 'older 0', 'late 0'])
  expect(groups.inStep.map(({ tokens, rows }) => [tokens, rows])).toEqual([
    [1, 2],
    [9, 3],
  ])
  expect(groups.youngest?.cache.lengths).toHaveLength(2)
})

test('while the youngest steps, the others stand still; as far as they are, it joins them', () => {
  groups.stepped(group(2, 'new'))
  expect([groups.youngest?.tokens, told(groups)]).toEqual([2, ['new 0', 'old 1', 'older 1']])
  groups.stepped(group(9, 'new'))
  expect(groups.inStep).toEqual([{ tokens: 9, rows: 3, paused: 2 }])
})

test('one of which nothing is left is gone', () => {
  groups.stepped(undefined)
  expect([groups.youngest?.tokens, told(groups)]).toEqual([9, ['old 1', 'older 1']])
})

test('those that do not stay leave their group, with their rows', () => {
  groups.keep(({ name }) => name === 'older')
  expect([told(groups), groups.youngest?.cache.lengths]).toEqual([['older 0'], [2]])
  groups.clear()
  expect([told(groups), groups.youngest]).toEqual([[], undefined])
})
