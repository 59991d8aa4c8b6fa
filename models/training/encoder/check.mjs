/**
 * Loads the encoder with transformers.js, as the host does, and prints its held-out figures.
 *
 * node models/training/encoder/check.mjs [MODEL_FOLDER]
 *
 * Any hub-shaped sentence encoder with onnx/model_quantized.onnx will do, so that the teacher can be measured beside it.
 * Exits with 1 where a promise of the model card does not hold: relatedness, batching, the token bound.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { env, pipeline } from '@huggingface/transformers'

const here = dirname(fileURLToPath(import.meta.url))
const folder = resolve(process.argv[2] ?? `${here}/../../twohop-embed`)
const own = basename(folder) === 'twohop-embed'
env.allowRemoteModels = false
env.localModelPath = dirname(folder)
const extractor = await pipeline('feature-extraction', basename(folder), { dtype: 'q8' })
const embed = async (texts) => (await extractor(texts, { pooling: 'mean', normalize: true })).tolist()

const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0)
const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
const failures = []
const expect = (holds, promise) => {
  if (!holds) failures.push(promise)
}

const groupsOf = (name) =>
  readFileSync(`${here}/corpus/${name}.txt`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((text) => text.trim()))
const trained = ['twohop', 'web', 'extension', 'account', 'billing', 'everyday'].flatMap(groupsOf)
const unseen = groupsOf('held-out-groups')

/** [{text, group, vector}] of the chosen phrasings, embedded in small batches. */
async function embedAll(groups, choose, prefix) {
  const rows = groups.flatMap((group, g) => choose(group).map((text) => ({ text, group: `${prefix}${g}` })))
  for (let at = 0; at < rows.length; at += 16) {
    const vectors = await embed(rows.slice(at, at + 16).map((row) => row.text))
    vectors.forEach((vector, i) => {
      rows[at + i].vector = vector
    })
  }
  return rows
}

const known = await embedAll(trained, (group) => group.slice(0, -1), 't')
const heldOutPhrasings = await embedAll(trained, (group) => group.slice(-1), 't')
const unseenFirst = await embedAll(unseen, (group) => group.slice(0, 1), 'u')
const unseenRest = await embedAll(unseen, (group) => group.slice(1), 'u')

function measure(name, queries, index) {
  const related = []
  const unrelated = []
  let right = 0
  for (const query of queries) {
    let best
    for (const entry of index) {
      const score = cosine(query.vector, entry.vector)
      ;(entry.group === query.group ? related : unrelated).push(score)
      if (!best || score > best.score) best = { score, group: entry.group }
    }
    if (best.group === query.group) right++
  }
  const figures = { related: mean(related), unrelated: mean(unrelated), accuracyAt1: right / queries.length }
  console.log(
    `${name}: ${queries.length} queries in ${index.length} texts, mean cosine related ${figures.related.toFixed(3)}, ` +
      `unrelated ${figures.unrelated.toFixed(3)}, accuracy@1 ${(100 * figures.accuracyAt1).toFixed(1)} %`,
  )
  return figures
}

for (const figures of [
  measure('held-out phrasings', heldOutPhrasings, known),
  measure('held-out groups   ', unseenRest, [...unseenFirst, ...known]),
]) {
  expect(
    figures.related > figures.unrelated + 0.3,
    'related texts are at least 0.3 closer than unrelated ones',
  )
}

const mixed = [
  'Hi',
  'How do I reset my password?',
  trained.flat().slice(0, 8).join(' '),
  'Why is the sky blue?',
]
const together = await embed(mixed)
let worst = 0
for (const [i, text] of mixed.entries()) {
  const [alone] = await embed([text])
  worst = Math.max(worst, ...alone.map((x, j) => Math.abs(x - together[i][j])))
}
console.log(`batched with padding against alone: largest difference ${worst.toExponential(1)}`)

if (own) {
  expect(worst < 1e-3, 'batching with padding changes nothing')
  const { checkTokenBound } = await import('./token-bound.mjs')
  for (const failure of checkTokenBound(extractor.tokenizer, [...trained, ...unseen].flat()))
    failures.push(failure)
}
for (const failure of failures) console.error(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
