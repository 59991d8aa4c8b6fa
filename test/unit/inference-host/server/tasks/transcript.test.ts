import { expect, it } from 'vitest'
import { transcriptAnswer } from '../../../../../inference-host/server/tasks/transcript.ts'
import type { Transcript } from '../../../../../inference-host/work/transcript.ts'

const transcript: Transcript = {
  text: ' Hello there. And\n\n1 --> 2',
  language: 'en',
  duration: 3725.5,
  seconds: 3726,
  chunks: [
    { text: ' Hello there.', timestamp: [0, 1.25] },
    { text: ' And', timestamp: [null, 3600.001] },
    { text: '\n\n1 --> 2', timestamp: [3601, null] },
  ],
}
const usage = { type: 'duration', seconds: 3726 }

it('json and text are the text alone', () => {
  expect(JSON.parse(transcriptAnswer(transcript, 'json'))).toEqual({ text: transcript.text.trim(), usage })
  expect(transcriptAnswer(transcript, 'text')).toBe('Hello there. And\n\n1 --> 2\n')
})

it('verbose_json has segments, each with a place', () => {
  expect(JSON.parse(transcriptAnswer(transcript, 'verbose_json'))).toEqual({
    task: 'transcribe',
    language: 'en',
    duration: 3725.5,
    text: transcript.text.trim(),
    segments: [
      { id: 0, start: 0, end: 1.25, text: ' Hello there.' },
      { id: 1, start: 1.25, end: 3600.001, text: ' And' },
      { id: 2, start: 3601, end: 3725.5, text: '\n\n1 --> 2' },
    ],
    usage,
  })
})

it('subtitles, in which a text can begin no cue of its own', () => {
  expect(transcriptAnswer(transcript, 'srt')).toBe(
    '1\n00:00:00,000 --> 00:00:01,250\nHello there.\n\n' +
      '2\n00:00:01,250 --> 01:00:00,001\nAnd\n\n' +
      '3\n01:00:01,000 --> 01:02:05,500\n1 -> 2\n',
  )
  expect(transcriptAnswer(transcript, 'vtt')).toBe(
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello there.\n\n' +
      '00:00:01.250 --> 01:00:00.001\nAnd\n\n' +
      '01:00:01.000 --> 01:02:05.500\n1 -> 2\n',
  )
})

it("the hub's has the text as it is, and the parts where they were asked for", () => {
  expect(JSON.parse(transcriptAnswer(transcript, 'hub'))).toEqual({
    text: transcript.text,
    chunks: transcript.chunks,
  })
  const { chunks: _, ...plain } = transcript
  expect(JSON.parse(transcriptAnswer(plain, 'hub'))).toEqual({ text: transcript.text })
})
