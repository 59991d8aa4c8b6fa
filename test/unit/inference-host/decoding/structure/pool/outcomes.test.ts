import { expect, test } from 'vitest'
import { createOutcomes } from '../../../../../../inference-host/decoding/structure/pool/outcomes.ts'
import { schemaStructure } from '../../../../../fixtures/structure/drive.ts'

const STRUCTURE = schemaStructure({ type: 'integer' })
const program = (bytes: number) => ({ how: 'compiled', program: new Uint8Array(bytes) }) as const

function setUp(remembered = 256) {
  let time = 0
  const outcomes = createOutcomes({ remembered, timeoutMs: 2000, now: () => time })
  const pass = (ms: number) => {
    time += ms
  }
  const recalls = (id: string) => {
    try {
      return outcomes.recall(id) !== undefined
    } catch {
      return 'refused'
    }
  }
  return { ...outcomes, pass, recalls }
}

test('what was compiled is told with the field that asked for it, and remembered', () => {
  const { take, recall } = setUp()
  const { program: bytes } = program(3)
  expect(take('a', STRUCTURE, { how: 'compiled', program: bytes })).toEqual({
    value: { id: 'a', program: bytes, param: 'schema' },
  })
  expect(recall('a')).toEqual({ id: 'a', program: bytes, param: 'schema' })
})

test('programs are remembered as far as 32 MiB hold them, the ones used last', () => {
  const { take, recalls } = setUp()
  const MiB = 2 ** 20
  for (const id of ['a', 'b', 'c']) take(id, STRUCTURE, program(10 * MiB))
  recalls('a')
  take('d', STRUCTURE, program(10 * MiB))
  expect(['a', 'b', 'c', 'd'].map(recalls)).toEqual([true, false, true, true])
})

test.each([
  [
    'what the thread refused, for good',
    { how: 'refused', message: 'no', param: 'schema.if' },
    'schema.if',
    1e12,
    'refused',
  ],
  ['what took too long, for a minute', { how: 'too_long' }, 'schema', 60_000, false],
  ['what filled the memory, for a minute', { how: 'too_large' }, 'schema', 60_000, false],
] as const)('%s is refused', (_, compilation, param, ms, after) => {
  const { take, recall, recalls, pass } = setUp()
  expect(take('a', STRUCTURE, compilation)).toMatchObject({ error: { code: 'invalid_request', param } })
  pass(ms - 1)
  expect(() => recall('a')).toThrow(expect.objectContaining({ code: 'invalid_request', param }))
  pass(1)
  expect(recalls('a')).toBe(after)
})

test.each([
  ['a thread that died', { how: 'failed' }, { error: { code: 'internal' } }],
  ['one that nobody waited for', { how: 'hurried' }, undefined],
] as const)('nothing is remembered of %s', (_, compilation, outcome) => {
  const { take, recalls } = setUp()
  const told = take('a', STRUCTURE, compilation)
  if (outcome === undefined) expect(told).toBeUndefined()
  else expect(told).toMatchObject(outcome)
  expect(recalls('a')).toBe(false)
})

test('refusals take no room from programs', () => {
  const { take, recalls } = setUp(1)
  take('a', STRUCTURE, program(1))
  take('b', STRUCTURE, { how: 'refused', message: 'no', param: undefined })
  take('c', STRUCTURE, { how: 'refused', message: 'no', param: undefined })
  expect(['a', 'b', 'c'].map(recalls)).toEqual([true, false, 'refused'])
})
