import { readFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * The chat template that newer repositories keep in a file of its own, `chat_template.jinja`; null where there is none.
 * transformers.js 4 does not look for that file.
 */
export function readChatTemplate(folder: string): Promise<string | null> {
  return readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => null)
}
