import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'

const Tokens = z.int().min(1).optional()
const Config = z.object({ max_position_embeddings: Tokens, n_positions: Tokens })

/** The tokens of a decoder's longest text by its `config.json`; undefined where that names none or cannot be read. */
export async function declaredContext(folder: string): Promise<number | undefined> {
  const text = await readFile(path.join(folder, 'config.json'), 'utf8').catch(() => '')
  const { data } = Config.safeParse(parseJson(text))
  return data?.max_position_embeddings ?? data?.n_positions
}
