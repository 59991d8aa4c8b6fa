import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'

const FILE = 'generation_config.json'
const Figure = z.number().nullish()

/** What a model's file says about choosing tokens, and whatever else it says: transformers.js follows more of it. */
export const GenerationDefaults = z.looseObject({
  do_sample: z.boolean().nullish(),
  temperature: Figure,
  top_p: Figure,
  top_k: Figure,
  min_p: Figure,
  repetition_penalty: Figure,
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
})
export type GenerationDefaults = z.infer<typeof GenerationDefaults>
export type SamplingDefaults = Pick<
  GenerationDefaults,
  'do_sample' | 'temperature' | 'top_p' | 'top_k' | 'min_p' | 'repetition_penalty'
>

/**
 * A model's `generation_config.json`; empty where it has none.
 * @throws Error of one line where it is no JSON, or a field is of another kind
 */
export async function readGenerationDefaults(folder: string): Promise<GenerationDefaults> {
  const text = await readFile(path.join(folder, FILE), 'utf8').catch(() => '{}')
  const { data, error } = GenerationDefaults.safeParse(parseJson(text))
  if (data) return data
  throw new Error(`${FILE}: ${error.issues[0]?.path.join('.') || 'its JSON'} is not what it should be`)
}
