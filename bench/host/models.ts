import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeTinySeq2seq } from '../../test/fixtures/graphs/tiny-seq2seq-folder.ts'
import { BENCH_DIR } from '../kit.ts'

const run = promisify(execFile)

/** What is no part of the project lies beside the checkout. */
const beside = (path: string) => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url))

const SMOLLM2 = process.env.BENCH_MODEL ?? beside('models/SmolLM2-135M-Instruct')
export const MINILM = process.env.BENCH_EMBEDDING_MODEL ?? beside('models/all-MiniLM-L6-v2')
const KIT = process.env.BENCH_KIT ?? beside('bench')

const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']

/** @throws Error that says where the model was looked for, and how to name another place */
export function findModel(folder: string): string {
  if (existsSync(join(folder, 'config.json'))) return folder
  throw new Error(
    `There is no model in ${folder}; set BENCH_MODEL and BENCH_EMBEDDING_MODEL to folders laid out like hub repositories.`,
  )
}

/**
 * The folder of the chat model: the real one, or (made once) random 4-bit weights of the same shape with the real one's
 * tokenizer. Making it takes Python with the packages onnx and numpy.
 */
export async function chatModel(name: 'smollm2' | 'shape'): Promise<string> {
  findModel(SMOLLM2)
  if (name === 'smollm2') return SMOLLM2
  const folder = join(BENCH_DIR, 'shape-q4')
  if (existsSync(join(folder, 'config.json'))) return folder
  await mkdir(folder, { recursive: true })
  await Promise.all(TOKENIZER.map((file) => copyFile(join(SMOLLM2, file), join(folder, file))))
  const python = process.env.BENCH_PYTHON ?? '/usr/bin/python3'
  await run(python, [join(KIT, 'make_llama.py'), folder, '--q4'], { timeout: 300_000 })
  return folder
}

/** The folder of an encoder-decoder of T5-small's shape with random weights, whose tokens are letters; made once. */
export async function rewriterModel(): Promise<string> {
  const folder = join(BENCH_DIR, 't5-small-shape')
  const sizes = { layers: 6, heads: 8, headDim: 64, wide: 2048, vocab: 32_128, context: 512 }
  if (!existsSync(join(folder, 'config.json'))) await writeTinySeq2seq(folder, { family: 't5', sizes })
  return folder
}
