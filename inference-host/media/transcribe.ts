import type { PreTrainedModel, WhisperTokenizer } from '@huggingface/transformers'
import * as z from 'zod'
import type { AnswerText } from '../decoding/writing/answer-text.ts'
import { generate } from '../decoding/writing/generate.ts'
import type { Output, PerformOptions } from '../work/engine.ts'
import { checkReservation } from '../work/limits.ts'
import type { Transcript } from '../work/transcript.ts'
import type { Work } from '../work/work.ts'
import { RATE } from './rate.ts'
import { readRecording } from './samples.ts'
import { languageCode, languagesOf, opening, preceding, type SpeechTokens } from './speech-tokens.ts'
import { type Window, windowsIn } from './windows.ts'

/** A model that hears, with what makes its input of samples and a text of its tokens. */
export type Speech = {
  model: PreTrainedModel
  tokenizer: WhisperTokenizer
  tokens: SpeechTokens
  /** Makes a window's input for the model. */
  features: (samples: Float32Array) => Promise<unknown>
  /** Seconds between two marks of time. */
  precision: number
  /** Tokens of a window's text, those before it included. */
  context: number
}

/** What the library makes of the windows' tokens: a text, and its parts where the tokens say times. */
const Merged = z.tuple([
  z.string(),
  z.object({
    chunks: z
      .array(
        z.object({ text: z.string(), timestamp: z.tuple([z.number().nullable(), z.number().nullable()]) }),
      )
      .optional(),
  }),
])

/**
 * Writes down what is said in a recording, window by window, greedily. Resolves with undefined when `stopped` ended it.
 * @throws TwohopError before any compute where it has more seconds than are reserved, or is in no language of the model; before
 *   the model computes where it is broken: what was decoded until then is counted
 */
export async function transcribe(
  speech: Speech,
  work: Work,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
  if (work.kind !== 'transcribe') throw new Error(`a model that hears does no ${work.kind}`)
  const { tokens, tokenizer, context } = speech
  const { timestamps } = work
  const unheard = readRecording(work.file)
  checkReservation(unheard.seconds, work.limits)
  const asked = work.language === undefined ? undefined : languageCode(tokens, work.language)
  const before = preceding(tokenizer, tokens, work.prompt, context)
  if (stopped()) return undefined
  const began = performance.now()
  // Also of a file that breaks at its end, or a client that leaves: to decode an hour takes a core for many seconds.
  const count = (seconds: number) => {
    counts.promptTokens = seconds
  }
  const recording = await unheard.decode(stopped, count).finally(() => {
    counts.readMs += performance.now() - began
  })
  if (recording === undefined || stopped()) return undefined
  counts.promptTokens = recording.seconds
  report({ type: 'started', promptTokens: recording.seconds })

  /** Writes the tokens of a window after those that are given. Undefined where it was stopped. */
  async function write(
    features: unknown,
    given: readonly number[],
    most: number,
    only?: ReadonlySet<number>,
  ) {
    const ids: number[] = []
    const room = Math.min(most, work.limits.outputTokens - counts.outputTokens)
    if (room < 1) return ids
    const finish = await generate(speech, {
      inputs: { inputs: features, decoder_input_ids: [...given], return_timestamps: timestamps && !only },
      room,
      sampler: only && ((logits) => ({ id: likeliest(logits, only), logprobs: undefined })),
      answer: collecting(ids, tokens.eos_token_id),
      stopped,
      onToken() {
        counts.outputTokens++
        report({ type: 'token', text: '', outputTokens: counts.outputTokens })
      },
    })
    return finish === undefined ? undefined : ids
  }

  const languages = languagesOf(tokens)
  let language = asked
  const heard: { tokens: number[]; stride: number[]; is_last: boolean }[] = []
  for (const window of windowsIn(recording.samples)) {
    if (stopped()) return undefined
    const features = await speech.features(window.samples)
    if (language === undefined && tokens.is_multilingual) {
      const ids = await write(features, [tokens.decoder_start_token_id], 1, new Set(languages.values()))
      if (ids === undefined) return undefined
      language = [...languages].find(([, id]) => id === ids[0])?.[0]
    }
    const start = opening(tokens, languages.get(language ?? ''), timestamps)
    const room = context - before.length - start.length
    const ids = await write(features, [...before, ...start], room)
    if (ids === undefined) return undefined
    heard.push({ tokens: [...start, ...ids], stride: secondsOf(window), is_last: window.last })
  }
  const [text, { chunks }] = Merged.parse(
    // Its types take no numbers as tokens, though it makes numbers of them.
    Reflect.apply(tokenizer._decode_asr, lenient(tokenizer), [
      heard,
      { time_precision: speech.precision, return_timestamps: timestamps, force_full_sequences: false },
    ]),
  )
  const transcript: Transcript = {
    text,
    language,
    duration: recording.duration,
    seconds: recording.seconds,
    ...(chunks && { chunks }),
  }
  return { kind: 'items', json: [JSON.stringify(transcript)] }
}

/** The tokenizer, but no ids are no text: a part in which nothing is said is none for the library, which throws. */
function lenient(tokenizer: Speech['tokenizer']): Speech['tokenizer'] {
  const decode: typeof tokenizer.decode = (ids, how) =>
    Array.isArray(ids) && ids.length === 0 ? '' : tokenizer.decode(ids, how)
  return Object.assign(Object.create(tokenizer), { decode })
}

/** A window's length and its overlaps, in seconds. */
const secondsOf = ({ samples, left, right }: Window) => [samples.length / RATE, left / RATE, right / RATE]

/** Keeps the ids of an answer. Its text is made of all windows' at the end. */
function collecting(ids: number[], end: number): AnswerText {
  return {
    stop: undefined,
    take(id, last) {
      ids.push(id)
      return { text: '', finish: id === end ? 'stop' : last ? 'length' : undefined, passed: 0 }
    },
  }
}

/** The likeliest token of some. */
function likeliest(logits: Float32Array, some: ReadonlySet<number>): number {
  let [best, most] = [-1, Number.NEGATIVE_INFINITY]
  for (const id of some) {
    const logit = logits[id] ?? Number.NEGATIVE_INFINITY
    if (best < 0 || logit > most) [best, most] = [id, logit]
  }
  return best
}
