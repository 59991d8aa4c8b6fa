import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { embeddedModel } from '../fixtures/models.ts'

let serving: Serving
beforeAll(async () => {
  const source = embeddedModel('twohop-chat').folder
  serving = await serve([{ id: 'chat', source, task: 'text-generation' }])
})
afterAll(() => serving?.stop())

function ask(sub: string, content: string): Promise<Response> {
  const body = {
    model: 'chat',
    messages: [{ role: 'user', content }],
    max_tokens: 20,
    stream: false,
    temperature: 0,
    stop: [],
  }
  return serving.send('POST /v1/chat/completions', body, { claims: { sub } })
}
const timingOf = (response: Response) => JSON.parse(response.headers.get('x-timing') ?? '{}')

/** Has four accounts send `text`, over and over, until `during` has ended. Gives what each was answered. */
async function flooded(text: string, during: () => Promise<void>): Promise<Response[]> {
  const answers: Response[] = []
  let over = false
  const one = async (account: string) => {
    while (!over) {
      const response = await ask(account, text)
      await response.arrayBuffer()
      answers.push(response)
    }
  }
  const all = ['a', 'b', 'c', 'd'].flatMap((account) => Array.from({ length: 4 }, () => one(account)))
  try {
    await during()
  } finally {
    over = true
    await Promise.all(all)
  }
  return answers
}

test.each([
  // More bytes than a context of the longest tokens holds; and, below that, ten times as many tokens as it holds.
  ['250 kB', 'a'.repeat(250_000), 0],
  ['as much as may be read', 'a'.repeat(28_000), 1],
])('four accounts that send far too much do not hold up another: %s', async (_, text, leastMs) => {
  const tookMs: number[] = []
  const answers = await flooded(text, async () => {
    for (let i = 0; i < 6; i++) {
      const response = await ask('bystander', 'What is Twohop?')
      expect(response.status).toBe(200)
      await response.arrayBuffer()
      const { queue_ms, compute_ms } = timingOf(response)
      tookMs.push(queue_ms + compute_ms)
    }
  })
  // Milliseconds here. When a prompt was read to its end before it was refused, each took minutes.
  expect(Math.max(...tookMs)).toBeLessThan(5000)
  expect(answers.length).toBeGreaterThanOrEqual(16)
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 400))
  // What a refusal took is told, so that it can be counted.
  for (const answer of answers) expect(timingOf(answer).compute_ms).toBeGreaterThanOrEqual(leastMs)
})
