import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realModel } from '../fixtures/real-models.ts'
import { ctrlC, npmStart, type Started } from './start.ts'

const chat = realModel('SmolLM2-135M-Instruct')
const embed = realModel('all-MiniLM-L6-v2')
const there = chat.there && embed.there

describe.skipIf(!there)(`npm start -- --model with real models${chat.missing}${embed.missing}`, () => {
  let dir: string
  let started: Started
  let client: OpenAI
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'twohop-real-'))
    started = npmStart(dir, '--port', '0', '--model', chat.folder, '--model', embed.folder)
    await started.printed('Twohop is up at')
    const { edge, tokens } = await started.stack()
    client = new OpenAI({ baseURL: `${edge.url}/v1`, apiKey: tokens.supabase.pro, maxRetries: 0 })
  })
  afterAll(async () => {
    ctrlC(started)
    await started.closed
    await rm(dir, { recursive: true, force: true })
  })

  test('each takes the place of the embedded one of its kind, the third stays', async () => {
    expect((await started.stack()).models).toEqual({
      chat: 'SmolLM2-135M-Instruct',
      embed: 'all-MiniLM-L6-v2',
      classify: 'twohop-classify',
    })
  })

  test('a folder laid out like a hub repository streams its answer to any question', async () => {
    const stream = await client.chat.completions.create({
      model: 'SmolLM2-135M-Instruct',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 60,
      temperature: 0,
      messages: [{ role: 'user', content: 'How many legs does a cat have?' }],
    })
    let answer = ''
    let output = 0
    for await (const { choices, usage } of stream) {
      answer += choices[0]?.delta.content ?? ''
      output = usage?.completion_tokens ?? 0
    }
    expect(answer).toMatch(/four|4/i)
    expect(output).toBeGreaterThan(3)
  })

  test('the embedding route is within cosine 0.995 of the reference vectors', async () => {
    const reference: { text: string; embedding: number[] }[] = JSON.parse(
      await readFile(join(embed.folder, 'reference.json'), 'utf8'),
    )
    const { data } = await client.embeddings.create({
      model: 'all-MiniLM-L6-v2',
      input: reference.map(({ text }) => text),
    })
    expect(data).toHaveLength(reference.length)
    const cosines = data.map(({ embedding }, i) => cosine(embedding, reference[i]?.embedding ?? []))
    expect(Math.min(...cosines)).toBeGreaterThan(0.995)
  })
})

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
  return dot / (Math.hypot(...a) * Math.hypot(...b))
}
