import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { workerSettings } from '../../local/edge/settings.ts'
import { startWorkerd, type Workerd } from '../../local/edge/workerd.ts'
import { ask, call, newUser, settledUsage, stack, streamData } from '../fixtures/stack/client.ts'

const PATH = '/v1/chat/completions'
let edge: Workerd

/** The stack's own worker, which has no way to the host but the binding. */
beforeAll(async () => {
  edge = await startWorkerd({
    bundle: { module: join(inject('stackDir'), 'edge/workers.js'), ...workerSettings() },
    port: 0,
    variables: { ...inject('edgeVariables'), HOST_URL: 'http://twohop-host.internal' },
    hostService: new URL(stack.host.url).host,
  })
})
afterAll(() => edge?.stop())

it.each([false, true])('the binding HOST_SERVICE leads to the host, streamed: %s', async (stream) => {
  const { token } = await newUser('roomy')
  const answer = await call(PATH, {
    ...{ token, edge: edge.url },
    body: ask('Hi', { max_tokens: 4, stream }),
  })
  expect(answer.status).toBe(200)
  if (stream) expect((await streamData(answer)).at(-1)).toBe('[DONE]')
  else expect(await answer.json()).toMatchObject({ object: 'chat.completion' })
  const { units } = await settledUsage(token)
  expect(units.month).toMatchObject({ held: 0 })
  expect(units.month.used).toBeGreaterThan(0)
})
