import { expect, it } from 'vitest'
import { checkReservation, decoderRoom, seq2seqRoom } from '../../../../inference-host/work/limits.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const LIMITS = { promptTokens: 10, outputTokens: 8 }

it('a decoder holds prompt and output together', () => {
  expect(decoderRoom(10, LIMITS, 100, 'prompt')).toBe(8)
  expect(decoderRoom(10, LIMITS, 13, 'prompt')).toBe(3)
  expect(decoderRoom(10, LIMITS, 11, 'prompt')).toBe(1)
  expect(refusal(() => decoderRoom(10, LIMITS, 10, 'prompt'))[0]).toBe('context_length_exceeded')
})

it('an encoder-decoder holds as much of each', () => {
  expect(seq2seqRoom(10, LIMITS, 10)).toBe(8)
  expect(seq2seqRoom(5, LIMITS, 5)).toBe(5)
  expect(refusal(() => seq2seqRoom(6, LIMITS, 5))[0]).toBe('context_length_exceeded')
})

it('a text that is too long is refused with its length, the limit and what to do', () => {
  expect(() => decoderRoom(10, LIMITS, 10, 'prompt')).toThrow(
    'The prompt has 10 tokens or more; the model holds 10 of prompt and output together. ' +
      'Shorten it, or split it over several requests.',
  )
  expect(() => seq2seqRoom(6, LIMITS, 5)).toThrow(
    'The text has 6 tokens or more; the model holds 5. Shorten it, or split it over several requests.',
  )
  expect(() => checkReservation(11, LIMITS)).toThrow(
    "The prompt has 11 tokens; 10 were reserved. Tell the operator: the model's overhead in the catalog is too small.",
  )
})

it('what is too long is named by its field', () => {
  expect(() => decoderRoom(10, LIMITS, 10, 'messages')).toThrow(
    expect.objectContaining({ param: 'messages' }),
  )
  expect(() => seq2seqRoom(6, LIMITS, 5)).toThrow(expect.objectContaining({ param: 'inputs' }))
})

it('a prompt beyond the reservation is refused, the last reserved token is not', () => {
  for (const room of [decoderRoom, seq2seqRoom])
    expect(refusal(() => room(11, LIMITS, 100, 'prompt'))[0]).toBe('prompt_exceeds_reservation')
  expect(refusal(() => checkReservation(10, LIMITS))).toBe('none')
})
