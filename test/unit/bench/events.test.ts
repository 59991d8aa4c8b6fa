import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countEvents } from '../../../bench/load/events.ts'
import { eventsOf, streamOf } from '../../../bench/upstream/answers.ts'

const MODEL = { chunks: 5, delayMs: 0 }
const STREAM = Buffer.concat(streamOf(MODEL, true))

test('events are counted wherever a stream is cut', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(STREAM.length), { maxLength: 30 }), (cuts) => {
      const counter = countEvents()
      const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
      const told = places
        .slice(1)
        .map((to, i) => counter.read(STREAM.subarray(places[i] ?? 0, to)))
        .reduce((sum, events) => sum + events, 0)
      expect([counter.events, told, counter.done]).toEqual([eventsOf(MODEL), eventsOf(MODEL), true])
    }),
  )
})

test('comments, other fields, and a line that has not ended are no events', () => {
  const counter = countEvents()
  counter.read(Buffer.from(': hello\r\nevent: x\r\nid: 1\r\n\r\nid: data: 2\n\n'))
  counter.read(Buffer.from('data: {"text":"data: [DONE]"}\r\n\r\ndata: open'))
  expect([counter.events, counter.done]).toEqual([1, false])
  counter.read(Buffer.from('ed\n\ndata:[DONE]\r\n\r\n'))
  expect([counter.events, counter.done]).toEqual([3, true])
})
