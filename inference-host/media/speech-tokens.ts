import type { WhisperTokenizer } from '@huggingface/transformers'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'

const Id = z.int().min(0)

/** What Whisper's generation_config.json says of the tokens before a text. */
export const SpeechTokens = z.object({
  decoder_start_token_id: Id,
  no_timestamps_token_id: Id,
  eos_token_id: z.union([Id, z.tuple([Id], Id).transform(([first]) => first)]),
  /** `<|startofprev|>`, before the text that went before. */
  prev_sot_token_id: Id.optional(),
  is_multilingual: z.boolean().default(false),
  /** `<|en|>` and the others; a model of one language has none. */
  lang_to_id: z.record(z.string(), Id).default({}),
  task_to_id: z.object({ transcribe: Id }).optional(),
})
export type SpeechTokens = z.infer<typeof SpeechTokens>

const MARKED = /^<\|(.+)\|>$/
/** Made when it is first asked for: it takes 60 ms, and every model's process reads this file. */
let names: Intl.DisplayNames | undefined

/** The languages that a model knows: their codes, each with its token. */
export function languagesOf({ lang_to_id }: SpeechTokens): Map<string, number> {
  return new Map(
    Object.entries(lang_to_id).flatMap(([mark, id]): [string, number][] => {
      const code = MARKED.exec(mark)?.[1]
      return code === undefined ? [] : [[code, id]]
    }),
  )
}

/**
 * The code of a language that a model knows, asked for by its code or its name in English.
 * @throws TwohopError invalid_request where the model does not know it
 */
export function languageCode(tokens: SpeechTokens, asked: string): string | undefined {
  const lower = asked.toLowerCase()
  // The models of one language are all of English.
  if (!tokens.is_multilingual && (lower === 'en' || lower === 'english')) return undefined
  for (const code of languagesOf(tokens).keys()) if (code === lower || nameOf(code) === lower) return code
  throw new TwohopError('invalid_request', 'Expected a language that the model knows, found another.', {
    param: 'language',
  })
}

function nameOf(code: string): string | undefined {
  try {
    names ??= new Intl.DisplayNames(['en'], { type: 'language' })
    return names.of(code)?.toLowerCase()
  } catch {
    return undefined
  }
}

/** The tokens between the start of a window's text and its words. */
export function opening(tokens: SpeechTokens, language: number | undefined, timestamps: boolean): number[] {
  return [
    tokens.decoder_start_token_id,
    ...(language === undefined ? [] : [language]),
    ...(tokens.is_multilingual && tokens.task_to_id ? [tokens.task_to_id.transcribe] : []),
    ...(timestamps ? [] : [tokens.no_timestamps_token_id]),
  ]
}

/** The tokens of a text that went before, as many from its end as fit into half of the context. */
export function preceding(
  tokenizer: Pick<WhisperTokenizer, 'encode'>,
  { prev_sot_token_id: mark }: SpeechTokens,
  text: string | undefined,
  context: number,
): number[] {
  if (mark === undefined || !text?.trim()) return []
  const ids = tokenizer.encode(` ${text.trim()}`, { add_special_tokens: false })
  const most = Math.floor(context / 2) - 1
  return most < 1 ? [] : [mark, ...ids.slice(-most)]
}
