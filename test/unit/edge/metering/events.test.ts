import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createEventReader } from '../../../../edge/metering/events.ts'

const chunk = (content: string) => ({ id: 'c1', choices: [{ index: 0, delta: { content } }] })
const WORST = { promptTokens: 50, outputTokens: 1000, units: 4050 }

it('gives the same events and counts however the network cuts the stream, and whatever the text is', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('"usage":', '"error": {', '\n\n', '}\n\ndata: [DONE]', '\u2028', '\\"timing":', '😀'),
  )
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.boolean(),
      (texts, cuts, includeUsage) => {
        const usage = { prompt_tokens: 9, completion_tokens: texts.length, total_tokens: 9 + texts.length }
        const sent = [...texts.map(chunk), { id: 'c1', choices: [], usage }]
        const bytes = new TextEncoder().encode(
          `${sent.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('')}data: [DONE]\n\n`,
        )
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
        const reader = createEventReader({ includeUsage, worst: WORST }, 'r1')
        let out = ''
        for (const [i, place] of places.slice(0, -1).entries())
          out += reader.read(bytes.subarray(place, places[i + 1]))

        const got = out
          .split('\n\n')
          .filter(Boolean)
          .map((event) => JSON.parse(event.replace(/^data: /, '')))
        const shown = texts.map((content) =>
          includeUsage ? { ...chunk(content), usage: null } : chunk(content),
        )
        expect(got).toEqual(includeUsage ? [...shown, { id: 'c1', choices: [], usage }] : shown)
        expect(reader.done).toBe(true)
        expect(reader.final).toEqual({ prompt_tokens: 9, completion_tokens: texts.length })
      },
    ),
    { numRuns: 500 },
  )
})

it('counts one token an event until the host says better, and has no final count before the last', () => {
  const reader = createEventReader({ includeUsage: false, worst: WORST }, 'r1')
  const send = (data: object) => reader.read(new TextEncoder().encode(`data: ${JSON.stringify(data)}\n\n`))
  expect(reader.seen).toBeUndefined()
  send(chunk('a'))
  expect(reader.seen).toEqual({ prompt_tokens: 50, completion_tokens: 1 })
  send({ ...chunk('b'), usage: { prompt_tokens: 9, completion_tokens: 4 } })
  expect(reader.seen).toEqual({ prompt_tokens: 9, completion_tokens: 4 })
  send(chunk('c'))
  expect([reader.seen, reader.final]).toEqual([{ prompt_tokens: 9, completion_tokens: 5 }, undefined])
})

it('gives the events before a fault in the same piece, and nothing after it', () => {
  const reader = createEventReader({ includeUsage: false, worst: WORST }, 'r1')
  const send = (text: string) => reader.read(new TextEncoder().encode(text))
  const good = `data: ${JSON.stringify(chunk('a'))}\n\n`
  expect(send(`${good}data: {"choices":\n\n${good}`)).toBe(good)
  expect([reader.broken, reader.done]).toEqual([true, false])
  expect(send(`${good}data: [DONE]\n\n`)).toBe('')
  expect([reader.seen?.completion_tokens, reader.done]).toEqual([1, false])
})
