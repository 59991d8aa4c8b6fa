import { expect, it } from 'vitest'
import { createCounter } from '../../../../edge/metering/counter.ts'

it('counts one token an event since the last counts, and the most of the prompt until there are some', () => {
  const counter = createCounter(50)
  expect([counter.seen, counter.final]).toEqual([undefined, undefined])
  expect(counter.take(null)).toBeUndefined()
  counter.add(3)
  expect([counter.seen, counter.final]).toEqual([{ prompt_tokens: 50, completion_tokens: 4 }, undefined])
  const said = { prompt_tokens: 9, completion_tokens: 6 }
  expect(counter.take({ ...said, total_tokens: 15 })).toEqual(said)
  expect([counter.seen, counter.final]).toEqual([said, said])
  counter.take(undefined)
  expect([counter.seen, counter.final]).toEqual([{ prompt_tokens: 9, completion_tokens: 7 }, undefined])
})

it.each([
  [{}],
  [{ prompt_tokens: 1 }],
  [{ prompt_tokens: -1, completion_tokens: 0 }],
  [{ prompt_tokens: 1, completion_tokens: 0.5 }],
  [{ prompt_tokens: '1', completion_tokens: 0 }],
  [{ prompt_tokens: 1, completion_tokens: 2 ** 53 }],
])('takes %j for no counts: the answer breaks off', (usage) => {
  const counter = createCounter(50)
  expect(() => counter.take(usage)).toThrow(expect.objectContaining({ code: 'host_failed' }))
  expect(counter.seen).toBeUndefined()
})
