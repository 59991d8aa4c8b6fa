import { AutoProcessor, WhisperTokenizer } from '@huggingface/transformers'
import * as z from 'zod'
import { WINDOW_SECONDS } from '../../shared/media.ts'
import { loadText, loadWeights } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import type { LoadedMedia } from './port.ts'
import { RATE } from './rate.ts'
import { SpeechTokens } from './speech-tokens.ts'
import { type Speech, transcribe } from './transcribe.ts'

const Features = z.object({ input_features: z.unknown() })
const Heard = z.object({ model_type: z.literal('whisper'), max_source_positions: z.int().min(1) })
const Extractor = z.object({
  chunk_length: z.literal(WINDOW_SECONDS),
  sampling_rate: z.literal(RATE),
})

/**
 * Puts a Whisper on its device.
 * @throws Error where a file is missing or broken, or the model hears otherwise than Whisper
 */
export async function loadSpeech(request: LoadRequest): Promise<LoadedMedia> {
  const { folder } = request
  const [{ tokenizer, config, defaults, context }, processor] = await Promise.all([
    loadText(request),
    AutoProcessor.from_pretrained(folder, { local_files_only: true }),
  ])
  const { max_source_positions } = heard(Heard, config, 'config.json')
  heard(Extractor, processor.feature_extractor?.config, 'preprocessor_config.json')
  if (!(tokenizer instanceof WhisperTokenizer)) throw new Error('its tokenizer is not that of Whisper')
  const speech: Speech = {
    model: await loadWeights(request),
    tokenizer,
    tokens: heard(SpeechTokens, defaults, 'generation_config.json'),
    features: async (samples) => Features.parse(await processor(samples)).input_features,
    precision: WINDOW_SECONDS / max_source_positions,
    context,
  }
  return { context, perform: (work, options) => transcribe(speech, work, options) }
}

/** @throws Error of one line */
function heard<Schema extends z.ZodType>(schema: Schema, content: unknown, file: string): z.infer<Schema> {
  const read = schema.safeParse(content)
  if (read.success) return read.data
  throw new Error(
    `only models like Whisper hear here; ${file}: ${read.error.issues[0]?.path.join('.') || 'its JSON'} differs`,
  )
}
