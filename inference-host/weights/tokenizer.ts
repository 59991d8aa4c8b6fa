import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { readChatTemplate } from '../tokens/chat-template.ts'

/**
 * Loads the tokenizer of a model's folder, with its chat template wherever that is kept.
 * @param folder Absolute path.
 * @throws Error where a file of the tokenizer is missing or broken.
 */
export async function loadTokenizer(folder: string): Promise<PreTrainedTokenizer> {
  // Imported late, because it takes a second, and a command's --help should be faster.
  const { AutoTokenizer } = await import('@huggingface/transformers')
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
  tokenizer.chat_template ??= await readChatTemplate(folder)
  return tokenizer
}
