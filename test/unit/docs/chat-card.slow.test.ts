import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pipeline, type TextGenerationPipeline } from '@huggingface/transformers'
import { beforeAll, describe, expect, test } from 'vitest'
import { questionsFor } from '../../../local/questions.ts'
import { embeddedModel, REPOSITORY } from '../../fixtures/models.ts'

const training = path.join(REPOSITORY, 'models/training/chat')
const read = (file: string) => readFileSync(path.join(training, file), 'utf8').trim()
const card = readFileSync(path.join(REPOSITORY, 'models/twohop-chat/README.md'), 'utf8')

/** The answer of each block of the corpus, by the first question of the block. */
function answersOf(file: string): Map<string, string> {
  const blocks = read(`corpus/${file}.txt`).split(/\n\s*\n/)
  const taught = blocks.filter((block) => lineOf(block, '=') !== '')
  return new Map(taught.map((block) => [lineOf(block, '?'), lineOf(block, '=')]))
}
const lineOf = (block: string, mark: string) =>
  block
    .split('\n')
    .find((line) => line.startsWith(`${mark} `))
    ?.slice(2) ?? ''

const refusals = answersOf('offtopic')
const files = ['about', 'budget', 'commands', 'errors', 'firsthour', 'greetings', 'production', 'signin']
const answers = new Map([...refusals, ...files.flatMap((file) => [...answersOf(file)])])
const kept = read('must.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): [string, string] => {
    const [question = '', block = ''] = line.split(' => ')
    return [question, answers.get(block) ?? `no block ${block}`]
  })

let chat: TextGenerationPipeline
beforeAll(async () => {
  const { folder } = embeddedModel('twohop-chat')
  chat = (await pipeline('text-generation', folder, { dtype: 'q8' })) as TextGenerationPipeline
})

async function say(content: string): Promise<string> {
  const [out] = await chat([{ role: 'user', content }], { max_new_tokens: 160, do_sample: false })
  const turns = out?.generated_text
  const said = Array.isArray(turns) ? turns.at(-1)?.content : turns
  if (typeof said !== 'string') throw new TypeError('the pipeline gave no text')
  return said
}

describe('the chat model', () => {
  test.each(kept)('answers rightly: %s', async (question, wanted) => {
    const said = await say(question)
    // Which of the refusals it is does not matter.
    const refused = [...refusals.values()]
    if (refused.includes(wanted)) expect(refused).toContain(said)
    else expect(said).toBe(wanted)
  })

  test('is asked there all that `npm start` prints', () => {
    expect(kept.map(([question]) => question)).toEqual(
      expect.arrayContaining([...questionsFor('twohop-chat')]),
    )
  })

  test.each(['about Twohop', 'off-topic'])('is what its card says of held-out questions: %s', (group) => {
    const rows = read('heldout.jsonl')
      .split('\n')
      .map((line): { file: string; answer: string | null; said: string } => JSON.parse(line))
      .filter(({ file }) => (file === 'offtopic') === (group === 'off-topic'))
    const right = rows.filter(({ answer, said }) =>
      answer === null ? [...refusals.values()].includes(said) : said === answer,
    )
    const [, asked, answered] = new RegExp(`^\\| ${group} \\| (\\d+) \\| (\\d+) `, 'm').exec(card) ?? []
    expect(rows).toHaveLength(Number(asked))
    // The file holds what the weights said before they were rounded to int8.
    expect(Math.abs(right.length - Number(answered))).toBeLessThanOrEqual(rows.length / 50)
  })
})
