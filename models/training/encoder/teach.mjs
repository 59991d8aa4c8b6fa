/**
 * Embeds every line of a text file with the teacher and writes the vectors as raw fp16.
 *
 * node teach.mjs TEACHER_FOLDER lessons.txt vectors.f16
 *
 * TEACHER_FOLDER is all-MiniLM-L6-v2 laid out like its hub repository. Line i becomes 384 numbers at byte 768 * i:
 * mean-pooled and normalized. Texts are embedded in small batches of about equal length, which is what a CPU likes best.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { env, pipeline } from '@huggingface/transformers'

const [teacher, lessons, out] = process.argv.slice(2)
if (!out) throw new Error('usage: node teach.mjs TEACHER_FOLDER lessons.txt vectors.f16')
const BATCH = 8
const WIDTH = 384

env.allowRemoteModels = false
env.localModelPath = dirname(resolve(teacher))
const embed = await pipeline('feature-extraction', basename(resolve(teacher)), { dtype: 'q8' })

const half = (() => {
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  /** fp32 -> fp16 bits, for numbers in [-1, 1]; what is too small for a normal fp16 becomes 0. */
  return (x) => {
    float[0] = x
    const rounded = bits[0] + 0x1000
    const exponent = ((rounded >>> 23) & 0xff) - 112
    const sign = (bits[0] >>> 16) & 0x8000
    return exponent <= 0 ? sign : sign | (exponent << 10) | ((rounded >>> 13) & 0x3ff)
  }
})()

const texts = readFileSync(lessons, 'utf8').trimEnd().split('\n')
const order = texts.map((_, i) => i).sort((a, b) => texts[a].length - texts[b].length)
const vectors = new Uint16Array(texts.length * WIDTH)
for (let at = 0; at < order.length; at += BATCH) {
  const batch = order.slice(at, at + BATCH)
  const { data } = await embed(
    batch.map((i) => texts[i]),
    { pooling: 'mean', normalize: true },
  )
  batch.forEach((line, row) => {
    for (let j = 0; j < WIDTH; j++) vectors[line * WIDTH + j] = half(data[row * WIDTH + j])
  })
  if ((at / BATCH) % 500 === 0) console.log(`${at} of ${texts.length} lines`)
}
writeFileSync(out, vectors)
console.log(`${texts.length} lines -> ${out}`)
