import * as z from 'zod'
import { honoured, ignored, onlyNull, refused, required } from './field.ts'

/** The forms of a transcript. */
export const TRANSCRIPT_FORMATS = ['json', 'text', 'verbose_json', 'srt', 'vtt'] as const

/** A language by its code or its name in English. */
export const Language = z
  .string()
  .min(2)
  .max(32)
  .regex(/^[A-Za-z-]+$/)
  .describe('a language such as "en" or "english"')

/** The text before a recording. */
export const PrecedingText = z.string().max(2000)

/** A list that nothing here follows. */
const onlyNothing = (says: string) =>
  refused(says, onlyNull(says.replace(/^./, (a) => a.toLowerCase()).replace(/\.$/, '')))

/**
 * `POST /v1/audio/transcriptions` as a client sends it: a form, so numbers come as texts. Lists are named with brackets
 * there (`timestamp_granularities[]`).
 */
export const TranscriptionRequest = z.strictObject({
  file: required(
    'WAV, MP3, FLAC, or Opus in Ogg or WebM, as browsers record it. The plan says how many seconds.',
    z.instanceof(Uint8Array).describe('a recording'),
  ),
  model: required('One of `GET /v1/models`.', z.string().min(1).max(200)),
  chunking_strategy: ignored(
    'Audio beyond 30 s is heard in parts that overlap, whatever it says.',
    z.string().max(1000),
  ),
  include: onlyNothing('Transcripts have no log probabilities.'),
  keywords: onlyNothing('Name them in `prompt`.'),
  known_speaker_names: onlyNothing('Nobody tells speakers apart.'),
  known_speaker_references: onlyNothing('Nobody tells speakers apart.'),
  language: honoured('Where it is missing, the model tells it from the first 30 s.', Language),
  languages: onlyNothing('Name one in `language`, or none.'),
  prompt: honoured('The end of it that fits into half of the context.', PrecedingText),
  response_format: required(
    '`json` where it is missing.',
    z.preprocess((given) => given ?? 'json', z.enum(TRANSCRIPT_FORMATS)),
  ),
  stream: refused(
    'A transcript comes whole.',
    z.literal('false').describe('"false" (a transcript comes whole)'),
  ),
  temperature: refused(
    'The likeliest token is taken each time.',
    z
      .string()
      .regex(/^0(\.0{1,8})?$/)
      .describe('"0" (the likeliest token is taken each time)'),
  ),
  timestamp_granularities: honoured(
    'With `verbose_json`. The models do not say when each word is said.',
    z.array(z.literal('segment')).max(8),
  ),
})
export type TranscriptionRequest = z.infer<typeof TranscriptionRequest>
