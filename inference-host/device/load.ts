import {
  AutoConfig,
  AutoModel,
  AutoModelForCausalLM,
  AutoModelForImageClassification,
  AutoModelForImageTextToText,
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForSeq2SeqLM,
  AutoModelForSequenceClassification,
  AutoModelForSpeechSeq2Seq,
  AutoModelForTokenClassification,
  AutoModelForVision2Seq,
  AutoTokenizer,
  env,
  LogLevel,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  Tensor,
} from '@huggingface/transformers'
import { readChatTemplate } from '../tokens/chat-template.ts'
import { plainTokens } from '../tokens/plain-tokenizer.ts'
import { textTokensOf } from '../tokens/text-tokens.ts'
import { type GenerationDefaults, readGenerationDefaults } from './generation-defaults.ts'
import { encodes, type LoadRequest, type ModelTask } from './port.ts'

// Models come from verified folders only. And on a failing run transformers.js would log its inputs: the prompt.
env.allowRemoteModels = false
env.useFSCache = false
env.logLevel = LogLevel.NONE

/** The parts of a model's two configuration files that are read here. */
export type ModelConfig = {
  vocab_size?: number
  max_position_embeddings?: number
  n_positions?: number
  max_target_positions?: number
  /** The part that writes, of a model that writes of images, and of one that answers chats with images. */
  decoder?: ModelConfig
  text_config?: ModelConfig
  model_type?: string
  eos_token_id?: number | number[] | null
  problem_type?: string
  id2label?: Record<string, string>
  prefix?: string
  task_specific_params?: Record<string, { prefix?: string }> | null
}

/** All of a model but its weights. `context` is in tokens. */
export type LoadedText = {
  tokenizer: PreTrainedTokenizer
  config: ModelConfig
  defaults: GenerationDefaults
  context: number
}

/** A model on its device, with its tokenizer. */
export type Loaded = LoadedText & { task: ModelTask; model: PreTrainedModel }

/**
 * The methods of a generating model that are called. The library's types want options of `generate` that it does not
 * take.
 */
export type Generating = { generate(options: object): Promise<unknown> }

const CLASSES = {
  'text-generation': AutoModelForCausalLM,
  'feature-extraction': AutoModel,
  'text-classification': AutoModelForSequenceClassification,
  'text-ranking': AutoModelForSequenceClassification,
  'token-classification': AutoModelForTokenClassification,
  'zero-shot-classification': AutoModelForSequenceClassification,
  'fill-mask': AutoModelForMaskedLM,
  'question-answering': AutoModelForQuestionAnswering,
  summarization: AutoModelForSeq2SeqLM,
  translation: AutoModelForSeq2SeqLM,
  'automatic-speech-recognition': AutoModelForSpeechSeq2Seq,
  'image-classification': AutoModelForImageClassification,
  'image-to-text': AutoModelForVision2Seq,
  'image-text-to-text': AutoModelForImageTextToText,
} as const satisfies Record<ModelTask, unknown>

/**
 * Loads a model and its tokenizer from a folder.
 * @throws Error where a file is missing or broken, or the device or its provider is not there.
 */
export async function loadModel(request: LoadRequest): Promise<Loaded> {
  const text = await loadText(request)
  return { task: request.task, model: await loadWeights(request), ...text }
}

/**
 * Puts a model's graphs on its device.
 * @throws Error where a file is missing or broken, or the device or its provider is not there.
 */
export function loadWeights({ folder, task, device, dtype, threads }: LoadRequest): Promise<PreTrainedModel> {
  return CLASSES[task].from_pretrained(folder, {
    local_files_only: true,
    device,
    dtype,
    session_options: { intraOpNumThreads: threads },
  })
}

/**
 * A model's configuration.
 * @throws Error where its file is missing or broken
 */
export async function readConfig(folder: string): Promise<ModelConfig> {
  // The library's class has the fields of the model's own file, but its types do not say so.
  return (await AutoConfig.from_pretrained(folder, { local_files_only: true })) as unknown as ModelConfig
}

/**
 * Loads what a model's folder says about text: tokenizer, configuration, defaults.
 * @throws Error where a file is missing or broken, or no context length is known.
 */
export async function loadText({
  folder,
  context: wanted,
}: Pick<LoadRequest, 'folder' | 'context'>): Promise<LoadedText> {
  const [tokenizer, config, generation] = await Promise.all([
    AutoTokenizer.from_pretrained(folder, { local_files_only: true }),
    readConfig(folder),
    readGenerationDefaults(folder),
  ])
  tokenizer.chat_template ??= await readChatTemplate(folder)
  const defaults: GenerationDefaults = {
    eos_token_id: config.eos_token_id ?? config.text_config?.eos_token_id ?? null,
    ...generation,
  }
  const longest = Math.min(longestText(config), tokenizer.model_max_length)
  const context = Math.min(wanted ?? longest, longest)
  if (!Number.isSafeInteger(context) || context < 2)
    throw new Error('the model names no context length; give `context`')
  // From here on a text that is sent is nothing but text. Templates write their marks by inference-host/tokens/text-tokens.ts.
  textTokensOf(tokenizer)
  tokenizer._tokenizer = plainTokens(tokenizer)
  return { tokenizer, config, defaults, context }
}

/** Tokens of a model's longest text; Whisper and models that see have names of their own for it. */
function longestText({ decoder, text_config: part = decoder, ...config }: ModelConfig): number {
  const own = config.max_position_embeddings ?? config.n_positions ?? config.max_target_positions
  return own ?? (part === undefined ? Number.POSITIVE_INFINITY : longestText(part))
}

/** `ids` as the one row of a model's input. */
function row(ids: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length])
}

/** Token ids and a mask that hides none of them. */
export function inputsOf(ids: readonly number[]): { input_ids: Tensor; attention_mask: Tensor } {
  return {
    input_ids: row(ids),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
  }
}

/**
 * Runs the model on a few tokens, because a model that loads does not always run. Gives the milliseconds of a second
 * run, because the first compiles. @throws Error where it does not run.
 */
export async function tryRun(loaded: Loaded): Promise<number> {
  const inputs = inputsOf(loaded.tokenizer.encode('Hello'))
  const generating: Generating = loaded.model
  const run = () =>
    encodes(loaded.task)
      ? loaded.model(inputs)
      : generating.generate({ ...inputs, max_new_tokens: 2, do_sample: false })
  await run()
  const began = performance.now()
  await run()
  return performance.now() - began
}
