import { expect, inject, it } from 'vitest'
import { IN_A_BROWSER_MS, slowly } from '../fixtures/pace.ts'
import { startNode } from '../fixtures/runtimes/runtimes.ts'
import { CHAT, call, eventually, newUser, settledUsage, usageEvents } from '../fixtures/stack/client.ts'

/** A stream whose answer goes on to its limit. Slowed down, it takes nine seconds. */
const stream = {
  ...{ model: CHAT, prompt: 'Twohop is', max_tokens: 60, temperature: 0, stream: true },
  logit_bias: { 0: -100, 2: -100 },
}

/** Begins a stream at an edge of its own, and has that stop in the middle of it. */
async function stopped(variables: Record<string, string>) {
  const edge = await startNode({ ...inject('edgeVariables'), ...variables })
  const { token } = await newUser('roomy')
  return slowly(
    inject('pace'),
    async () => {
      const answer = await call('/v1/completions', { token, body: stream, edge: edge.url })
      const requestId = answer.headers.get('x-request-id') ?? ''
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = (await reader?.read())?.value ?? ''
      const code = edge.stop()
      await eventually(async () => (edge.log().includes('"draining"') ? true : undefined))
      const another = call('/healthz', { edge: edge.url }).then(
        () => 'served',
        () => 'refused',
      )
      const broke = await (async () => {
        for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
          text += piece.value
      })().then(
        () => false,
        () => true,
      )
      // What has ended before its requests are settled cannot settle them any more.
      expect(await code).toBe(0)
      const [event] = await usageEvents(requestId)
      const { units } = await settledUsage(token)
      expect(units.month).toMatchObject({ used: Number(event?.units), held: 0 })
      return { text, broke, event, another: await another, log: edge.log() }
    },
    IN_A_BROWSER_MS,
  )
}

it('on SIGTERM lets a stream end, takes nothing new, settles, and ends', async () => {
  const { text, broke, event, another, log } = await stopped({})
  expect(broke).toBe(false)
  expect(text).toMatch(/data: \[DONE\]\n\n$/)
  expect(event).toMatchObject({ outcome: 'ok', output_tokens: '60' })
  expect(another).toBe('refused')
  expect(log.trim().split('\n').at(-1)).toBe('{"level":"info","event":"stopped"}')
})

it('breaks a stream off that outlives EDGE_DRAIN_SECONDS, and charges what was produced', async () => {
  const { text, broke, event } = await stopped({ EDGE_DRAIN_SECONDS: '0' })
  expect(broke).toBe(true)
  expect(text).not.toContain('[DONE]')
  expect(event?.outcome).toBe('cancelled')
  expect(Number(event?.output_tokens)).toBeLessThan(60)
})
