/**
 * Asks the exported model, through transformers.js as any hub model is loaded, every held-out phrasing.
 *
 * usage: node models/training/chat/check.mjs [--all]     exits 1 below the floor or when an answer does not stop
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { env, pipeline } from '@huggingface/transformers'

/** Below this share of held-out phrasings something broke; the model card states what was reached. */
const FLOOR = 0.35
const MAX_NEW_TOKENS = 160
const here = new URL('.', import.meta.url)

env.localModelPath = fileURLToPath(new URL('../../', here))
env.allowRemoteModels = false

const chat = await pipeline('text-generation', 'twohop-chat', { dtype: 'q8', device: 'cpu' })
const heldOut = readFileSync(new URL('heldout.jsonl', here), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

/** The answer, and whether it ended by the stop token rather than by the limit. */
async function ask(question, options) {
  const [{ generated_text: turns }] = await chat([{ role: 'user', content: question }], {
    max_new_tokens: MAX_NEW_TOKENS,
    ...options,
  })
  const { content } = turns.at(-1)
  return { content, stopped: chat.tokenizer.encode(content).length < MAX_NEW_TOKENS }
}

/** Share of the words that both texts have, counted with repetition (F1). */
function overlap(a, b) {
  const words = (text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const left = words(a)
  const rest = words(b)
  const total = left.length + rest.length
  const common = left.filter((word) => rest.includes(word) && rest.splice(rest.indexOf(word), 1)).length
  return total ? (2 * common) / total : 0
}

const groups = new Map()
const refusals = new Set(heldOut.filter(({ file }) => file === 'offtopic').map(({ answer }) => answer))
let refused = 0
let unstopped = 0
let cutDifferently = 0
let saidDifferently = 0
for (const { file, question, answer, prompt, said } of heldOut) {
  const messages = [{ role: 'user', content: question }]
  const ids = chat.tokenizer.apply_chat_template(messages, {
    add_generation_prompt: true,
    return_tensor: false,
    return_dict: false,
  })
  cutDifferently += Number(ids.join() !== prompt.join())
  const { content, stopped } = await ask(question, { do_sample: false })
  saidDifferently += Number(content !== said)
  const group = file === 'offtopic' ? 'off-topic' : 'about Twohop'
  const tally = groups.get(group) ?? { asked: 0, exact: 0, near: 0 }
  tally.asked += 1
  tally.exact += Number(content === answer)
  tally.near += Number(overlap(content, answer) >= 0.8)
  groups.set(group, tally)
  refused += Number(file === 'offtopic' && refusals.has(content))
  unstopped += Number(!stopped)
  if (content !== answer) console.log(`missed: ${question}\n  got:    ${content}\n  wanted: ${answer}`)
}

let enough = true
for (const [group, { asked, exact, near }] of groups) {
  console.log(`${group}: ${exact} of ${asked} word for word, ${near} near (F1 of words at least 0.8)`)
  enough &&= near / asked >= FLOOR
}
console.log(`off-topic questions met by one of the honest refusals: ${refused}`)
console.log(`prompts cut into other tokens than in training: ${cutDifferently}`)
console.log(`answers other than those of the fp32 model in PyTorch: ${saidDifferently}`)
console.log(`did not stop within ${MAX_NEW_TOKENS} tokens: ${unstopped}`)
const sampled = await ask('What is Twohop?', { do_sample: true, temperature: 0.7 })
console.log(`sampled at 0.7: ${sampled.content}`)
process.exitCode = enough && unstopped + cutDifferently === 0 && sampled.stopped ? 0 : 1
