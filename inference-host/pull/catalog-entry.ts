import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { isMediaTask, type MediaTask, type Model } from '../../shared/catalog.ts'
import { VARIABLES } from '../config.ts'
import { servedContext } from '../decoding/batching/served-context.ts'
import { SEEING } from '../device/port.ts'
import { ContextConfig, namedContext } from '../weights/context.ts'
import { ModelError } from '../weights/error.ts'
import type { ModelEntry } from '../weights/manifest.ts'
import { byteBoundBreaker, measureOverhead } from '../weights/overhead.ts'
import { loadTokenizer } from '../weights/tokenizer.ts'

/** An entry of shared/catalog.json without its prices, which are the operator's to set. */
export type CatalogEntry = Omit<Model, 'prices'>

const Width = z.int().min(1).max(65_536).optional().catch(undefined)
const Config = z.object({
  ...ContextConfig.shape,
  /** How long a vector of the model is, by its family's name for it: BERT and most others, DistilBERT, GPT-2, T5. */
  hidden_size: Width,
  dim: Width,
  n_embd: Width,
  d_model: Width,
  /** The shape of a decoder's caches. */
  num_hidden_layers: Width,
  n_layer: Width,
  num_attention_heads: Width,
  n_head: Width,
  num_key_value_heads: Width,
  head_dim: Width,
})
type Config = z.infer<typeof Config>

/**
 * What the edge has to know of a model, read from its verified folder.
 * @returns The entry, and a warning where a text can have more tokens than bytes.
 * @throws ModelError `template_unsupported`, `manifest_invalid` where nothing says how long a context is.
 */
export async function catalogEntry(
  entry: ModelEntry,
  folder: string,
): Promise<{ catalog: CatalogEntry; warning: string | undefined }> {
  const { id, task } = entry
  if (isMediaTask(task))
    return { catalog: await mediaEntry(task, id, folder, entry.context), warning: undefined }
  if (task === SEEING) return { catalog: await seeingEntry(id, folder, entry.context), warning: undefined }
  const tokenizer = await loadTokenizer(folder)
  const config = Config.parse(JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')))
  const longest = Math.min(namedContext(config) ?? Number.POSITIVE_INFINITY, tokenizer.model_max_length)
  const whole = Math.min(entry.context ?? longest, longest)
  const context =
    entry.task === 'text-generation' && entry.context === undefined ? served(config, whole) : whole
  if (!Number.isSafeInteger(context))
    throw new ModelError('manifest_invalid', `${entry.id}: its files name no context length; give "context"`)
  const width = config.hidden_size ?? config.dim ?? config.n_embd ?? config.d_model
  const breaker = byteBoundBreaker(tokenizer)
  return {
    catalog: {
      id: entry.id,
      tasks: tasksOf({ task }, Boolean(tokenizer.chat_template)),
      context,
      overhead: measureOverhead(tokenizer),
      ...(entry.task === 'feature-extraction' && width !== undefined && { width }),
    },
    warning:
      breaker &&
      `${entry.id}: its tokenizer makes ${breaker.tokens} tokens of ${JSON.stringify(breaker.character)} ` +
        `(${breaker.bytes} bytes); prompts full of such characters are refused with prompt_exceeds_reservation`,
  }
}

async function mediaEntry(
  task: MediaTask,
  id: string,
  folder: string,
  context: number | undefined,
): Promise<CatalogEntry> {
  // Imported late, because it takes a second, and a command's --help should be faster.
  const { describeMedia } = await import('../media/describe.ts')
  const described = await describeMedia(task, { folder, context })
  return {
    id,
    tasks: [task],
    context: described.context,
    overhead: { request: 0, item: 0 },
    ...(described.imageTokens !== undefined && { image_tokens: described.imageTokens }),
  }
}

async function seeingEntry(id: string, folder: string, given: number | undefined): Promise<CatalogEntry> {
  const { describeSeeing } = await import('../media/describe.ts')
  const { context, overhead, imageTokens, imagePatches } = await describeSeeing({ folder, context: given })
  return {
    id,
    tasks: ['chat'],
    context,
    overhead,
    image_tokens: imageTokens,
    ...(imagePatches && { image_patches: imagePatches }),
  }
}

/** The context that a host serves a decoder with whose entry names none, and that has the default HOST_KV_MB. */
function served(config: Config, context: number): number {
  const layers = config.num_hidden_layers ?? config.n_layer
  const heads = config.num_attention_heads ?? config.n_head
  const hidden = config.hidden_size ?? config.n_embd
  const headDim = config.head_dim ?? (hidden && heads && Math.floor(hidden / heads))
  const kvHeads = config.num_key_value_heads ?? heads
  if (!layers || !kvHeads || !headDim || !Number.isSafeInteger(context)) return context
  const most = Number(VARIABLES.HOST_KV_MB.fallback) * 2 ** 20
  const shape = { layers, kvHeads, headDim, kvType: 'float32' } as const
  const found = servedContext(shape, { context, isGiven: false, most, part: most })
  // One that is not batched has all of it.
  return 'needs' in found ? context : found.context
}

function tasksOf(
  { task }: { task: Exclude<ModelEntry['task'], typeof SEEING> },
  hasTemplate: boolean,
): CatalogEntry['tasks'] {
  if (task === 'text-generation')
    return hasTemplate ? ['chat', 'completion', 'text-generation'] : ['completion', 'text-generation']
  return task === 'feature-extraction' ? ['embedding', 'feature-extraction'] : [task]
}
