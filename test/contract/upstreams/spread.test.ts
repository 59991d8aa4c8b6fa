import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'
import { startUpstreamEdge } from '../../fixtures/upstream-edge.ts'
import { ANTHROPIC_ANSWERS } from '../../fixtures/vendors/anthropic.ts'
import { OPENAI_ANSWERS, openaiError } from '../../fixtures/vendors/openai.ts'
import { type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// The catalog of docs/upstreams.md, on a host and two vendors that are fakes.

type Example = { upstreams: { id: string; url: string }[]; models: { id: string }[] }
type Fake = Awaited<ReturnType<typeof startScripted>>

/** A host's answer, with the fields that a host has. */
const HOST_ANSWER: Script = {
  json: {
    id: 'chatcmpl-r1',
    object: 'chat.completion',
    created: 1,
    model: 'twohop-chat',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hi', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 },
  },
  headers: { 'x-host-load': '1/8' },
}

let host: Fake
let openai: Fake
let anthropic: Fake
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let busy: boolean

// Anew for each try: one of the vendors dies.
beforeEach(async () => {
  busy = false
  host = await startScripted(() => HOST_ANSWER)
  openai = await startScripted(() => (busy ? openaiError(429) : (OPENAI_ANSWERS.text?.whole ?? {})))
  anthropic = await startScripted(() => ANTHROPIC_ANSWERS.text?.whole ?? {})
  const example: Example = JSON.parse(await readFile(join(ROOT, 'examples/upstreams.json'), 'utf8'))
  const [first, second] = example.upstreams
  edge = await startUpstreamEdge({
    upstreams: [
      { ...first, url: `${openai.url}/v1` },
      { ...second, url: anthropic.url },
    ],
    models: example.models,
    variables: { HOST_URL: host.url, UPSTREAM_KEY_OPENAI: 'sk-1', UPSTREAM_KEY_ANTHROPIC: 'sk-2' },
  })
})
afterEach(async () => {
  await Promise.all([host.stop(), openai.stop(), anthropic.stop()])
  await edge.stop()
})

/** Asks so often, one after the other; the statuses. */
async function ask(times: number): Promise<Set<number>> {
  const statuses = new Set<number>()
  for (let i = 0; i < times; i++) {
    const answer = await edge.fetch('http://edge.example/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'twohop-chat',
        max_tokens: 16,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    })
    await answer.body?.cancel()
    statuses.add(answer.status)
  }
  return statuses
}
const counts = () =>
  [host, openai, anthropic].map(({ asked }) => asked.filter(({ path }) => !path.includes('models')).length)

it('one catalog spreads load over a host and two vendors; what one cannot take moves on, and everything is charged once', async () => {
  expect(await ask(60)).toEqual(new Set([200]))
  const [byHost = 0, byOpenai = 0, byAnthropic = 0] = counts()
  expect(byHost + byOpenai + byAnthropic).toBe(60)
  expect(byHost).toBeGreaterThan(15)
  expect(byOpenai).toBeGreaterThan(8)
  expect(byAnthropic).toBe(0)

  // One that is busy takes nothing, and another does.
  busy = true
  expect(await ask(30)).toEqual(new Set([200]))
  busy = false

  // One that died is found out by one request, which another answers.
  await openai.stop()
  const before = counts()
  expect(await ask(60)).toEqual(new Set([200]))
  const after = counts().map((count, i) => count - (before[i] ?? 0))
  expect(after[1]).toBe(0)
  expect((after[0] ?? 0) + (after[2] ?? 0)).toBe(60)

  const charged = await edge.charged()
  expect(charged).toHaveLength(150)
  expect(charged.every(({ outcome }) => outcome === 'ok')).toBe(true)
  const usage = await edge.fetch('http://edge.example/v1/usage', {
    headers: { authorization: `Bearer ${edge.token}` },
  })
  const { units } = (await usage.json()) as { units: { day: { used: number; held: number } } }
  expect(units.day).toMatchObject({ used: charged.reduce((sum, one) => sum + one.units, 0), held: 0 })
})
