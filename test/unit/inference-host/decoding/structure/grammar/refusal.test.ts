import { expect, test } from 'vitest'
import {
  pathText,
  refuse,
  refusedElsewhere,
  refuseNothing,
  saysNothing,
} from '../../../../../../inference-host/decoding/structure/grammar/refusal.ts'
import { TwohopError } from '../../../../../../shared/errors.ts'

test.each<[(string | number)[], string]>([
  [[], ''],
  [['tools', 0, 'function', 'name'], 'tools[0].function.name'],
  [['schema', '$defs', 'a-b'], 'schema.$defs.a-b'],
  [['schema', 'properties', 'two words', 'type'], 'schema.properties["two words"].type'],
  [['x'.repeat(80).replace('x', ' ')], `[${JSON.stringify(` ${'x'.repeat(63)}`)}]`],
])('a path is written as OpenAI names a field: %j', (path, text) => {
  expect(pathText(path)).toBe(text)
})

test('a refusal carries little of the request', () => {
  const refusal = refuse(Array(200).fill('name'), 'x'.repeat(1000))
  expect([refusal.code, refusal.param?.length, refusal.message.length]).toEqual(['invalid_request', 200, 500])
})

test('said elsewhere, it stays the same refusal, whether nothing is valid or not', () => {
  const elsewhere = (error: unknown) => refusedElsewhere(error, (path) => ['there', ...path])
  const [unsupported, impossible] = [refuse(['here'], 'Not supported.'), refuseNothing(['here'], 'Nothing.')]
  expect(elsewhere(unsupported)).toMatchObject({ param: 'there.here', message: 'Not supported.' })
  expect(elsewhere(impossible)).toMatchObject({ param: 'there.here', message: 'Nothing.' })
  expect([unsupported, impossible].map((one) => saysNothing(elsewhere(one)))).toEqual([false, true])
  for (const other of [new Error('ours'), new TwohopError('internal', 'ours'), undefined])
    expect(elsewhere(other)).toBe(other)
})
