import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { PreTrainedTokenizer } from '@huggingface/transformers'

/**
 * Loads the tokenizer of a model's folder. Newer repositories keep the chat template in a file of its own,
 * `chat_template.jinja`. transformers.js 4 does not look for that file, so the template is filled in here.
 * @param folder Absolute path.
 * @throws Error where a file of the tokenizer is missing or broken.
 */
export async function loadTokenizer(folder: string): Promise<PreTrainedTokenizer> {
  // Imported late, because it takes a second, and a command's --help should be faster.
  const { AutoTokenizer } = await import('@huggingface/transformers')
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
  tokenizer.chat_template ??= await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(
    () => null,
  )
  return tokenizer
}
