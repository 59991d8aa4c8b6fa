/**
 * Asks the exported model, through transformers.js as any hub model is loaded, every held-out phrasing.
 *
 * usage: node models/training/chat/check.mjs     exits 1 below a floor, when a question of must.txt is answered
 *                                                wrongly, or when an answer does not stop
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { env, pipeline } from '@huggingface/transformers'

/** Shares below which something broke; the model card states what was reached. */
const FLOORS = { 'about Twohop': 0.45, 'off-topic': 0.88 }
const MAX_NEW_TOKENS = 160
const here = new URL('.', import.meta.url)
const read = (file) => readFileSync(new URL(file, here), 'utf8').trim().split('\n')

env.localModelPath = fileURLToPath(new URL('../../', here))
env.allowRemoteModels = false

const chat = await pipeline('text-generation', 'twohop-chat', { dtype: 'q8', device: 'cpu' })
const heldOut = read('heldout.jsonl').map((line) => JSON.parse(line))
const answers = corpusAnswers()
const refusals = new Set(answers.get('offtopic')?.values())

/** For each file of the corpus its answers by the first question of their block. */
function corpusAnswers() {
  const files = readdirSync(new URL('corpus', here)).filter((file) => file.endsWith('.txt'))
  const blocks = (file) =>
    read(`corpus/${file}`)
      .join('\n')
      .split(/\n\s*\n/)
  const line = (block, mark) =>
    block
      .split('\n')
      .find((l) => l.startsWith(`${mark} `))
      ?.slice(2)
  return new Map(
    files.map((file) => [
      file.replace('.txt', ''),
      new Map(
        blocks(file).flatMap((block) => (line(block, '=') ? [[line(block, '?'), line(block, '=')]] : [])),
      ),
    ]),
  )
}

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

const tallies = {
  'about Twohop': { asked: 0, right: 0, near: 0, refused: 0 },
  'off-topic': { asked: 0, right: 0, near: 0, refused: 0 },
}
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
  const refused = refusals.has(content)
  const right = file === 'offtopic' ? refused : content === answer
  const tally = tallies[file === 'offtopic' ? 'off-topic' : 'about Twohop']
  tally.asked += 1
  tally.right += Number(right)
  tally.near += Number(right || (answer !== null && overlap(content, answer) >= 0.8))
  tally.refused += Number(refused)
  unstopped += Number(!stopped)
  if (!right) console.log(`missed: ${question}\n  got:    ${content}\n  wanted: ${answer ?? 'a refusal'}`)
}

const known = new Map([...answers.values()].flatMap((block) => [...block]))
let lost = 0
for (const pair of read('must.txt').filter((line) => !line.startsWith('#') && line)) {
  const [question = '', block = ''] = pair.split(' => ')
  const wanted = known.get(block)
  const { content } = await ask(question, { do_sample: false })
  // Which of the refusals it is does not matter.
  const right = content === wanted || (refusals.has(wanted) && refusals.has(content))
  lost += Number(!right)
  if (!right) console.log(`lost: ${question}\n  got:    ${content}\n  wanted: ${wanted}`)
}

let enough = true
for (const [group, { asked, right, near, refused }] of Object.entries(tallies)) {
  console.log(
    `${group}: ${right} of ${asked} right, ${near} near (F1 of words at least 0.8), ${refused} refused`,
  )
  enough &&= right / asked >= FLOORS[group]
}
console.log(`questions of must.txt answered wrongly: ${lost}`)
console.log(`prompts cut into other tokens than in training: ${cutDifferently}`)
console.log(`answers other than those of the fp32 model in PyTorch: ${saidDifferently}`)
console.log(`did not stop within ${MAX_NEW_TOKENS} tokens: ${unstopped}`)
const sampled = await ask('What is Twohop?', { do_sample: true, temperature: 0.7 })
console.log(`sampled at 0.7: ${sampled.content}`)
process.exitCode = enough && lost + unstopped + cutDifferently === 0 && sampled.stopped ? 0 : 1
