import { describe, expect, it } from 'vitest'
import { parseTranscription } from '../../../../edge/parse/transcriptions.ts'
import { HostMediaRequest } from '../../../../shared/media.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'
import { SPEECH_CONTEXT } from '../../../fixtures/graphs/tiny-media.ts'
import { mediaCatalog } from '../../../fixtures/media-catalog.ts'
import { wavOf } from '../../../fixtures/recordings.ts'
import { type SoundFile, soundFile } from '../../../fixtures/sounds.ts'

const plan = entitledTo('media', mediaCatalog)
const silence = (seconds: number) => wavOf({ samples: new Float32Array(seconds * 8000), rate: 8000, bits: 8 })
const file = silence(2.5)
const asked = { model: 'speech', file }

describe('a transcription', () => {
  it('costs its seconds, and the longest text of each window', () => {
    const work = parseTranscription(asked, plan)
    const output = SPEECH_CONTEXT
    expect(work.worst).toEqual({ promptTokens: 3, outputTokens: output, units: 3 * 100 + output * 3 })
    expect(work.file).toBe(file)
    const long = parseTranscription({ ...asked, file: silence(51) }, plan)
    expect(long.worst).toMatchObject({ promptTokens: 51, outputTokens: 3 * SPEECH_CONTEXT })
  })

  it('is sent to the host as it takes it, with every default', () => {
    const { request, path, task } = parseTranscription(
      { ...asked, language: 'German', prompt: 'Ab \ud800', response_format: 'srt', temperature: '0.0' },
      plan,
    )
    expect(HostMediaRequest.parse(JSON.parse(JSON.stringify(request)))).toEqual({
      model: 'speech',
      max_tokens: SPEECH_CONTEXT,
      parameters: { language: 'german', prompt: 'Ab \ufffd', format: 'srt', timestamps: true },
    })
    expect([task, path]).toEqual(['automatic-speech-recognition', '/v1/tasks/automatic-speech-recognition'])
  })

  it.each([
    ['json', undefined, false],
    ['verbose_json', undefined, true],
    ['text', 'text/plain; charset=utf-8', false],
    ['srt', 'text/plain; charset=utf-8', true],
    ['vtt', 'text/plain; charset=utf-8', true],
  ])('as %s', (response_format, type, timestamps) => {
    const { contentType, request } = parseTranscription({ ...asked, response_format }, plan)
    expect(contentType).toBe(type)
    expect(request).toMatchObject({ parameters: { format: response_format, timestamps } })
  })

  it.each<[string, object, string]>([
    ['too many seconds', { file: silence(60.5) }, 'file'],
    ['no file', { file: undefined }, 'file'],
    ['a text for a file', { file: 'RIFF' }, 'file'],
    ['a claim of 4 GiB', { file: wavOf({ samples: [0], claims: 0xffff_ffff }) }, 'file'],
    ['warmth', { temperature: '0.7' }, 'temperature'],
    ['a stream', { stream: 'true' }, 'stream'],
    [
      'times of words',
      { response_format: 'verbose_json', timestamp_granularities: ['word'] },
      'timestamp_granularities[0]',
    ],
    [
      'times of segments in what has none',
      { timestamp_granularities: ['segment'] },
      'timestamp_granularities',
    ],
    ['log probabilities', { include: ['logprobs'] }, 'include'],
    ['a form that is none', { response_format: 'diarized_json' }, 'response_format'],
    ['a language that is a program', { language: '<|en|>' }, 'language'],
    ['a long text before it', { prompt: 'a'.repeat(2001) }, 'prompt'],
    ['a field that is none', { voice: 'alloy' }, 'voice'],
  ])('%s is refused by its field', (_, fields, param) => {
    expect(refusal(() => parseTranscription({ ...asked, ...fields }, plan))).toEqual([
      'invalid_request',
      param,
    ])
  })

  it.each<[SoundFile, number]>([
    ['tones.flac', 2],
    ['tones.mp3', 2],
    ['tones-variable.mp3', 2],
    ['tones.opus', 2],
    ['tones-live.webm', 2],
  ])('of %s costs its seconds', (name, seconds) => {
    const work = parseTranscription({ ...asked, file: soundFile(name) }, plan)
    expect(work.worst).toMatchObject({ promptTokens: seconds, outputTokens: SPEECH_CONTEXT })
  })

  it('of a file of another kind is refused by its field', () => {
    for (const other of [new Uint8Array(100), soundFile('tones-short.m4a')])
      expect(refusal(() => parseTranscription({ ...asked, file: other }, plan))).toEqual([
        'unsupported_audio',
        'file',
      ])
  })

  it('of a model that the plan does not have, or that does not hear, is refused', () => {
    const deaf = entitledTo('deaf', mediaCatalog)
    expect(refusal(() => parseTranscription(asked, deaf))).toEqual(['model_not_allowed', 'model'])
    const other = { ...asked, model: 'classifier' }
    expect(refusal(() => parseTranscription(other, plan))).toEqual(['model_not_found', 'model'])
  })
})
