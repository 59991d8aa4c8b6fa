import type { Tensor } from '@huggingface/transformers'
import { TwohopError } from '../../shared/errors.ts'
import type { Loaded } from '../device/load.ts'
import type { Job } from './port.ts'

type Rewrite = Pick<Extract<Job, { kind: 'rewrite' }>, 'text' | 'from' | 'to'>

/** A tokenizer of a model for many languages knows how to mark them (NLLB, M2M100, mBART). */
type Multilingual = {
  _build_translation_inputs?: (text: string, options: object, target: Record<string, unknown>) => Inputs
}
type Inputs = { input_ids: Tensor; attention_mask: Tensor }

/**
 * The inputs of a summarization or translation: the text with the model's own prefix, and the mark of the target
 * language where one is named and the model has such. Nothing is cut off.
 * @throws TwohopError `invalid_request` where the languages are not the model's.
 */
export function rewriteInputs(loaded: Loaded, { text, from, to }: Rewrite): Inputs & Record<string, unknown> {
  const { task, tokenizer, config } = loaded
  const prefix = (config.task_specific_params?.[task]?.prefix ?? '') + (config.prefix ?? '')
  const options = { padding: false, truncation: false }
  const build = (tokenizer as Multilingual)._build_translation_inputs
  const named = from !== undefined || to !== undefined
  if (task !== 'translation' || build === undefined || !named)
    return tokenizer(prefix + text, options) as Inputs
  const target: Record<string, unknown> = { src_lang: from, tgt_lang: to }
  try {
    const inputs = build.call(tokenizer, prefix + text, options, target)
    return { ...inputs, forced_bos_token_id: target.forced_bos_token_id }
  } catch (cause) {
    throw new TwohopError('invalid_request', 'The model does not know this pair of languages.', {
      param: 'parameters',
      cause,
    })
  }
}
