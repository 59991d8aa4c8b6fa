import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import { workerSettings } from '../../local/edge/settings.ts'
import { startPart } from '../../local/part.ts'
import { slowly } from '../fixtures/pace.ts'
import {
  ask,
  CHAT,
  call,
  chatModel,
  eventually,
  hostRun,
  newUser,
  ownUsage,
  redis,
  settledUsage,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'
import { standingStill } from '../fixtures/standing-still.ts'

const OUTPUT = 500
/** A request whose answer goes on to its limit: the tokens that end an answer are ruled out. Slowed down, it takes 10 s. */
const long = {
  model: CHAT,
  prompt: 'Twohop is',
  max_tokens: OUTPUT,
  temperature: 0,
  logit_bias: { 0: -100, 2: -100 },
  stream: true,
}

/** An edge on the running stack's parts whose leases last five seconds, to be killed. */
async function startMortalEdge(): Promise<{ url: string; pid: number }> {
  const module = join(inject('stackDir'), 'edge', 'workers.js')
  const lives = { REQUEST_TIMEOUT_MS: '4500', LEASE_SLACK_MS: '500' }
  const { ready, stop } = await startPart<{ url: string; pid: number }>(
    new URL('../../local/edge/main.ts', import.meta.url),
    {
      env: {
        EDGE_BUNDLE: JSON.stringify({ module, ...workerSettings() }),
        EDGE_PORT: '0',
        EDGE_VARIABLES: JSON.stringify({ ...inject('edgeVariables'), ...lives }),
      },
    },
  )
  onTestFinished(stop)
  return ready
}

async function firstChunk(answer: Response) {
  const reader = answer.body?.getReader()
  if (!reader) throw new Error('no body')
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toContain('data: {')
  return reader
}

describe('the client goes away mid-stream', () => {
  it('the host stops as soon as it hears of it, and the units are what was produced', async () => {
    const { token } = await newUser('pro')
    const client = new AbortController()
    const { events, run } = await slowly(inject('pace'), async () => {
      const answer = await call('/v1/completions', { token, body: long, signal: client.signal })
      const requestId = answer.headers.get('x-request-id') ?? ''
      await firstChunk(answer)
      client.abort()
      return { events: await usageEvents(requestId), run: await hostRun(requestId) }
    })
    const [event, ...more] = events
    expect(more).toEqual([])
    expect(event?.outcome).toBe('cancelled')
    expect(Number(event?.output_tokens)).toBeGreaterThan(0)
    // In the five seconds until half of it is written, even a busy machine passes it on.
    expect(Number(event?.output_tokens)).toBeLessThan(OUTPUT / 2)
    expect([run.prompt_tokens, run.output_tokens]).toEqual([event?.prompt_tokens, event?.output_tokens])
    const units =
      Number(event?.prompt_tokens) * chatModel.prices.prompt +
      Number(event?.output_tokens) * chatModel.prices.output
    expect(Number(event?.units)).toBe(units)
    const usage = await settledUsage(token)
    expect(usage.units.month).toMatchObject({ used: units, held: 0 })
  })

  it('before the first byte, a request that waits is settled with nothing', async () => {
    const { token } = await newUser('pro')
    await standingStill(stack.host.pid, async () => {
      const client = new AbortController()
      const answer = call('/v1/chat/completions', {
        token,
        body: ask('Hi', { max_tokens: 5 }),
        signal: client.signal,
      })
      await eventually(async () => ((await ownUsage(token)).concurrent.running === 1 ? true : undefined))
      client.abort()
      await expect(answer).rejects.toThrow()
    })
    const usage = await settledUsage(token)
    const { data } = (await (await call('/v1/usage/requests', { token })).json()) as {
      data: { outcome: string }[]
    }
    expect(data.map(({ outcome }) => outcome)).toEqual(['cancelled'])
    // The host may have begun before it heard of the cancel, and is then paid for what it did, at most all of it.
    expect(usage.units.month.used).toBeLessThanOrEqual(worstCase(chatModel, ['Hi'], 5).units)
    expect(usage.concurrent.running).toBe(0)
  })
})

describe('the edge is killed mid-stream', () => {
  it('the host stops, the lease frees itself and the sweep charges the hold, once', async () => {
    const { token, account } = await newUser('one-at-a-time')
    const { url, pid } = await startMortalEdge()
    const { requestId, run } = await slowly(inject('pace'), async () => {
      const answer = await call('/v1/completions', { token, body: long, edge: url })
      const id = answer.headers.get('x-request-id') ?? ''
      const reader = await firstChunk(answer)
      process.kill(pid, 'SIGKILL')
      await expect(
        (async () => {
          while (!(await reader.read()).done);
        })(),
      ).rejects.toThrow()
      return { requestId: id, run: await hostRun(id) }
    })
    // Stopped since nobody listened, and not by its deadline, which would be `host_timeout`.
    expect(run.code).toBe('cancelled')
    expect(Number(run.output_tokens)).toBeLessThan(OUTPUT)
    const hold = worstCase(chatModel, [long.prompt], OUTPUT).units
    // The lease ends by itself; only then is there something to sweep.
    const [, ends] = await redis<string[]>('ZRANGE', `twohop:leases:${account}`, 0, -1, 'WITHSCORES')
    // Redis is asked and not the edge, which lets nobody read usage that often.
    await eventually(async () =>
      Number((await redis<string[]>('TIME'))[0]) * 1000 > Number(ends) ? true : undefined,
    )
    expect(await ownUsage(token)).toMatchObject({
      concurrent: { running: 0 },
      units: { month: { used: 0, held: hold } },
    })
    for (let knocks = 0; knocks < 2; knocks++) {
      const swept = await fetch(stack.edge.cronUrl, { method: 'POST' })
      expect(await swept.json()).toEqual({ outcome: 'ok' })
    }
    const [event, ...more] = await usageEvents(requestId)
    expect(more).toEqual([])
    expect(event).toMatchObject({ account, outcome: 'unsettled', units: String(hold) })
    expect((await settledUsage(token)).units.month).toMatchObject({ used: hold, held: 0 })
    expect((await call('/v1/chat/completions', { token, body: ask('Hi', { max_tokens: 1 }) })).status).toBe(
      200,
    )
  })
})
