import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import type { Model } from '../../shared/catalog.ts'
import { ModelError } from '../weights/error.ts'
import type { ModelEntry } from '../weights/manifest.ts'
import { byteBoundBreaker, measureOverhead } from '../weights/overhead.ts'
import { loadTokenizer } from '../weights/tokenizer.ts'

/** An entry of shared/catalog.json without its prices, which are the operator's to set. */
export type CatalogEntry = Omit<Model, 'prices'>

const Width = z.int().min(1).max(65_536).optional().catch(undefined)
const Config = z.object({
  max_position_embeddings: z.int().min(1).optional(),
  n_positions: z.int().min(1).optional(),
  /** How long a vector of the model is, by its family's name for it: BERT and most others, DistilBERT, GPT-2, T5. */
  hidden_size: Width,
  dim: Width,
  n_embd: Width,
  d_model: Width,
})

/**
 * What the edge has to know of a model, read from its verified folder.
 * @returns The entry, and a warning where a text can have more tokens than bytes.
 * @throws ModelError `template_unsupported`, `manifest_invalid` where nothing says how long a context is.
 */
export async function catalogEntry(
  entry: ModelEntry,
  folder: string,
): Promise<{ catalog: CatalogEntry; warning: string | undefined }> {
  const tokenizer = await loadTokenizer(folder)
  const config = Config.parse(JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')))
  const longest = Math.min(
    config.max_position_embeddings ?? config.n_positions ?? Number.POSITIVE_INFINITY,
    tokenizer.model_max_length,
  )
  const context = Math.min(entry.context ?? longest, longest)
  if (!Number.isSafeInteger(context))
    throw new ModelError('manifest_invalid', `${entry.id}: its files name no context length; give "context"`)
  const width = config.hidden_size ?? config.dim ?? config.n_embd ?? config.d_model
  const breaker = byteBoundBreaker(tokenizer)
  return {
    catalog: {
      id: entry.id,
      tasks: tasksOf(entry, Boolean(tokenizer.chat_template)),
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

function tasksOf({ task }: ModelEntry, hasTemplate: boolean): CatalogEntry['tasks'] {
  if (task === 'text-generation')
    return hasTemplate ? ['chat', 'completion', 'text-generation'] : ['completion', 'text-generation']
  return task === 'feature-extraction' ? ['embedding', 'feature-extraction'] : [task]
}
