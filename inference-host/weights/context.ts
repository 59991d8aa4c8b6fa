import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'

const Tokens = z.int().min(1).optional()
/** Where a `config.json` names the tokens of a model's longest text. */
export const ContextConfig = z.object({ max_position_embeddings: Tokens, n_positions: Tokens })

/** The tokens of a model's longest text; undefined where nothing names them. */
export function namedContext(config: z.infer<typeof ContextConfig> | undefined): number | undefined {
  return config?.max_position_embeddings ?? config?.n_positions
}

/** The tokens of a decoder's longest text by its `config.json`; undefined where that names none or cannot be read. */
export async function declaredContext(folder: string): Promise<number | undefined> {
  const text = await readFile(path.join(folder, 'config.json'), 'utf8').catch(() => '')
  return namedContext(ContextConfig.safeParse(parseJson(text)).data)
}
