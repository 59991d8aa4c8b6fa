import { expect, it } from 'vitest'
import { Transcript } from '../../../../inference-host/work/transcript.ts'

const heard = { text: 'Hi', language: 'en', duration: 1.5, seconds: 2 }

it('is what a model heard, with or without places', () => {
  const chunks = [{ text: 'Hi', timestamp: [0.2, null] }]
  for (const whole of [heard, { ...heard, chunks }, { ...heard, language: undefined }])
    expect(Transcript.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
})

it.each([{}, { ...heard, seconds: '2' }, { ...heard, chunks: [{ text: 'Hi', timestamp: [0] }] }])(
  'is nothing else: %j',
  (other) => {
    expect(Transcript.safeParse(other).success).toBe(false)
  },
)
