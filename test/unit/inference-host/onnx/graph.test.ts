import { expect, test } from 'vitest'
import { newNode } from '../../../../inference-host/onnx/draft.ts'
import { indexGraph, intsOf, sortNodes, usesOf } from '../../../../inference-host/onnx/graph.ts'
import type { GraphProto, NodeProto } from '../../../../inference-host/onnx/schema.ts'

const names = (nodes: readonly NodeProto[]) => nodes.map(({ output }) => output[0])

test('nodes are sorted by what they read, otherwise left in order', () => {
  const nodes = [
    newNode('Add', ['b', 'c'], ['d']),
    newNode('Neg', ['in'], ['x']),
    newNode('Neg', ['a'], ['b']),
    newNode('Neg', ['b'], ['c']),
    newNode('Neg', ['in'], ['a']),
  ]
  expect(names(sortNodes(nodes))).toEqual(['a', 'b', 'c', 'd', 'x'])
  expect(names(sortNodes(sortNodes(nodes)))).toEqual(['a', 'b', 'c', 'd', 'x'])
})

test('a graph that goes in a circle is refused', () => {
  const nodes = [newNode('Add', ['b', 'in'], ['a']), newNode('Neg', ['a'], ['b'])]
  expect(() => sortNodes(nodes)).toThrow('reads what it makes')
})

test('uses are followed through what passes, and no farther', () => {
  const nodes = [
    newNode('Cast', ['in'], ['cast']),
    newNode('Neg', ['cast'], ['stopped']),
    newNode('Add', ['in', 'cast'], ['sum']),
    newNode('Neg', ['stopped'], ['beyond']),
    newNode('Neg', ['sum'], ['end']),
  ]
  const index = indexGraph({ node: nodes, initializer: [], input: [], output: [] })
  const tensors = new Set(['in'])
  const uses = [...usesOf(index, tensors, ({ op_type }) => op_type !== 'Neg')]
  expect(uses.map(({ node, tensor }) => `${tensor} ${node.output[0]}`)).toEqual([
    'in cast',
    'in sum',
    'cast stopped',
    'cast sum',
    'sum end',
  ])
  expect([...tensors]).toEqual(['in', 'cast', 'sum'])
})

test('what a branch takes from outside counts as read, what it makes itself does not', () => {
  const body: GraphProto = {
    node: [newNode('Neg', ['outer'], ['inner']), newNode('Neg', ['inner'], ['result'])],
    initializer: [],
    input: [],
    output: [{ name: 'result' }],
  }
  const branch = {
    ...newNode('If', ['condition'], ['z']),
    attribute: [{ name: 'then_branch', type: 5, g: body }],
  }
  const index = indexGraph({ node: [branch], initializer: [], input: [], output: [] })
  expect(names(index.consumers('outer'))).toEqual(['z'])
  expect(index.consumers('inner')).toEqual([])
  expect(names(sortNodes([branch, newNode('Neg', ['in'], ['outer'])]))).toEqual(['outer', 'z'])
})

test.each([
  [{ data_type: 7, int64_data: [-1, 2 ** 40] }, [-1, 2 ** 40]],
  [{ data_type: 6, int32_data: [-7] }, [-7]],
  [{ data_type: 7, raw_data: Uint8Array.of(254, 255, 255, 255, 255, 255, 255, 255) }, [-2]],
  [{ data_type: 6, raw_data: Uint8Array.of(9, 0, 0, 0, 255, 255, 255, 255) }, [9, -1]],
  [{ data_type: 1, raw_data: Uint8Array.of(0, 0, 0, 0) }, undefined],
  [{ data_type: 7, data_location: 1 }, undefined],
])('integers of %o', (tensor, expected) => {
  expect(intsOf(tensor)).toEqual(expected)
})
