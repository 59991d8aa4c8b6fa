import type { PreTrainedTokenizer, Tensor } from '@huggingface/transformers'
import { TwohopError } from '../../shared/errors.ts'
import type { LoadedText } from '../device/load.ts'
import type { ModelTask } from '../device/port.ts'
import { type Spend, textTokensOf } from '../tokens/text-tokens.ts'
import type { Work } from '../work/work.ts'

type Asked = Pick<Extract<Work, { kind: 'seq2seq' }>, 'text' | 'from' | 'to'>

/** A text as an encoder reads it, and the first token of the output where one is asked for. */
export type Seq2seqInput = { ids: readonly number[]; first: number | undefined }

/** A tokenizer of a model for many languages knows how to mark them (NLLB, M2M100, mBART). */
type Multilingual = PreTrainedTokenizer & {
  _build_translation_inputs(text: string, options: object, target: Target): Encoded
}
type Target = { src_lang: string | undefined; tgt_lang: string | undefined; forced_bos_token_id?: number }
type Encoded = { input_ids: Tensor }

function isMultilingual(tokenizer: PreTrainedTokenizer): tokenizer is Multilingual {
  return typeof Reflect.get(tokenizer, '_build_translation_inputs') === 'function'
}

/**
 * The input of a summarization or translation: the text with the model's own prefix, and the mark of the target
 * language where one is named and the model has such. Nothing is cut off; of a text that is too long there are more ids
 * than the model holds.
 * @throws TwohopError `invalid_request` where the languages are not the model's.
 */
export async function seq2seqInput(
  task: ModelTask,
  { tokenizer, config, context }: Pick<LoadedText, 'tokenizer' | 'config' | 'context'>,
  { text, from, to }: Asked,
  spend?: Spend,
): Promise<Seq2seqInput> {
  const prefix = (config.task_specific_params?.[task]?.prefix ?? '') + (config.prefix ?? '')
  const { ids } = await textTokensOf(tokenizer).plain(prefix + text, { around: true, most: context, spend })
  const named = from !== undefined || to !== undefined
  if (task !== 'translation' || !isMultilingual(tokenizer) || !named || ids.length > context)
    return { ids, first: undefined }
  const options = { padding: false, truncation: false }
  const target: Target = { src_lang: from, tgt_lang: to }
  const marks = marksOf(tokenizer)
  const before = structuredClone(marks)
  try {
    const encoded = tokenizer._build_translation_inputs(prefix + text, options, target)
    return { ids: idsOf(encoded), first: target.forced_bos_token_id }
  } catch (cause) {
    throw new TwohopError('invalid_request', 'Expected two languages that the model knows, found others.', {
      param: 'parameters',
      cause,
    })
  } finally {
    marks.splice(0, marks.length, ...before)
  }
}

/**
 * The marks that a tokenizer puts around a text. transformers.js writes a named language into them. It would stay there
 * for requests that name none.
 */
function marksOf({ _tokenizer }: PreTrainedTokenizer): unknown[] {
  const single: unknown = _tokenizer.post_processor?.config?.single
  return Array.isArray(single) ? single : []
}

function idsOf({ input_ids }: Encoded): number[] {
  return Array.from(input_ids.data, Number)
}
