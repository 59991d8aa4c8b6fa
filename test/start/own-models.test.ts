import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { embeddedModel, realModel } from '../fixtures/models.ts'
import { referenceOf } from '../fixtures/reference.ts'
import { ctrlC, npmStart, type Started } from './start.ts'

/** Models that a user brings: those of the project under names that it does not know, and real ones. */
const BROUGHT = [
  {
    chat: { ...embeddedModel('twohop-chat'), name: 'my-chat' },
    embed: { ...embeddedModel('twohop-embed'), name: 'my-embed' },
    question: 'What is Twohop?',
    answer: /Twohop/,
  },
  {
    chat: realModel('SmolLM2-135M-Instruct'),
    embed: realModel('all-MiniLM-L6-v2'),
    question: 'How many legs does a cat have?',
    answer: /four|4/i,
  },
]

for (const brought of BROUGHT) {
  const { chat, embed } = brought
  const name = `npm start --model ${chat.name} --model ${embed.name}`
  if (chat.there && embed.there) describe(name, () => serves(brought))
  else it.skip(`${name}${chat.missing || embed.missing}`)
}

function serves({ chat, embed, question, answer }: (typeof BROUGHT)[number]): void {
  let dir: string
  let started: Started
  let client: OpenAI
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'twohop-own-'))
    const folders = [chat, embed].map(({ name }) => join(dir, 'brought', name))
    for (const [i, { folder }] of [chat, embed].entries())
      await cp(folder, folders[i] ?? '', { recursive: true })
    started = npmStart(dir, '--port', '0', ...folders.flatMap((folder) => ['--model', folder]))
    await started.printed('Twohop is up at')
    const { edge, tokens } = await started.stack()
    client = new OpenAI({ baseURL: `${edge.url}/v1`, apiKey: tokens.supabase.pro, maxRetries: 0 })
  })
  afterAll(async () => {
    ctrlC(started)
    await started.closed
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  })

  test('each takes the place of the embedded one of its kind, the third stays', async () => {
    expect((await started.stack()).models).toEqual({
      chat: chat.name,
      embed: embed.name,
      classify: 'twohop-classify',
    })
  })

  test('a folder laid out like a hub repository streams its answer to a question', async () => {
    const stream = await client.chat.completions.create({
      model: chat.name,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 60,
      temperature: 0,
      messages: [{ role: 'user', content: question }],
    })
    let text = ''
    let output = 0
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? ''
      output = usage?.completion_tokens ?? 0
    }
    expect(text).toMatch(answer)
    expect(output).toBeGreaterThan(3)
  })

  test('the curl that it prints works as pasted, with a question for this model', async () => {
    const [curl = ''] = /^curl -N .*\n .*$/m.exec(started.output().stdout) ?? []
    const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} -s`])
    expect(curl).toContain(`"model":"${chat.name}"`)
    expect(curl).not.toContain('Twohop?')
    expect(stdout.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  test('the embedding route is within cosine 0.995 of the reference vectors', async () => {
    const reference = await referenceOf(embed)
    const { data } = await client.embeddings.create({
      model: embed.name,
      input: reference.map(({ text }) => text),
    })
    expect(data).toHaveLength(reference.length)
    const cosines = data.map(({ embedding }, i) => cosine(embedding, reference[i]?.embedding ?? []))
    expect(Math.min(...cosines)).toBeGreaterThan(0.995)
  })
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
  return dot / (Math.hypot(...a) * Math.hypot(...b))
}
