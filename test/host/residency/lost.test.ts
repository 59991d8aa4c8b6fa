import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { type Serving, serve } from '../../fixtures/host/serving.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { slowly } from '../../fixtures/pace.ts'
import { paceOwn } from '../../fixtures/pace-own.ts'
import { NO_VULKAN, noSwiftShader, SWIFTSHADER } from '../webgpu/swiftshader.ts'

const CHAT = { id: 'chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' }

const folder = mkdtempSync(join(tmpdir(), 'twohop-lost-'))
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))
/** Slows down the model, so that no answer is whole before its process is killed. */
const pace = join(folder, 'pace')

let serving: Serving
afterEach(async () => {
  await serving?.stop()
  vi.unstubAllEnvs()
})

/** Its end tokens are ruled out, so that it goes on to its limit. */
const story = (max_tokens: number, stream: boolean) => ({
  model: 'chat',
  prompt: 'Once',
  max_tokens,
  stream,
  temperature: 0,
  stop: [],
  logit_bias: { 0: -100, 2: -100 },
  ...(stream && { stream_options: { include_usage: true, continuous_usage_stats: true } }),
})

const complete = (max_tokens: number, stream = false) =>
  serving.send('POST /v1/completions', story(max_tokens, stream))
const readiness = async () => {
  const response = await fetch(`${serving.host.url}/readyz`)
  return { status: response.status, text: await response.text() }
}

/** Ends the process that the model is in, for real. */
function kill(): void {
  const line = serving.lines.findLast((one) => one.startsWith('model id=chat'))
  process.kill(Number(/process=(\d+)/.exec(line ?? '')?.[1]), 'SIGKILL')
}

test.each([
  ['batched', '16'],
  ['one at a time', '1'],
])('%s: a model that is lost ends what it was doing, is loaded again, and serves on', async (_how, slots) => {
  paceOwn(pace)
  serving = await serve([CHAT], { HOST_SLOTS: slots })
  let text = ''
  await slowly(pace, async () => {
    const streamed = await complete(1500, true)
    const reader = streamed.body?.pipeThrough(new TextDecoderStream()).getReader()
    text = (await reader?.read())?.value ?? ''
    kill()
    for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read())
      text += piece.value
    // Slow as it is, it takes a while to be loaded again.
    await expect.poll(readiness, { interval: 5 }).toMatchObject({ status: 503, text: /chat: cpu was lost/ })
  })
  const events = text.trim().split('\n\n')
  const last = JSON.parse(events.at(-1)?.replace('data: ', '') ?? '')
  expect(last).toMatchObject({ error: { code: 'host_failed' } })
  // What came before the end is what is billed.
  expect(last.usage.completion_tokens).toBe(events.length - 1)
  expect(text).not.toContain('[DONE]')

  const waiting = complete(5)
  expect((await waiting).status).toBe(200)
  expect((await readiness()).status).toBe(200)
  expect(serving.lines).toContainEqual(
    'device_lost model=chat device=cpu why="its process ended with SIGKILL"',
  )
})

function setDriver(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
}

const deviceOf = async () =>
  /device=(\w+)/.exec(serving.lines.findLast((line) => line.startsWith('model ')) ?? '')?.[1]

describe('"fallback": "cpu"', () => {
  const model = { ...CHAT, device: 'webgpu', fallback: 'cpu' }
  const variables = { HOST_DEVICE: 'auto', HOST_SLOTS: '1' }

  test('serves from the start what the device does not take', async () => {
    setDriver(NO_VULKAN)
    serving = await serve([model], variables)
    expect(serving.host.models[0]?.device).toBe('cpu')
    expect((await complete(3)).status).toBe(200)
    expect(serving.lines).toContainEqual(expect.stringMatching(/^load_failed model=chat device=webgpu /))
  })

  test.skipIf(noSwiftShader !== '')(`serves when the driver has gone${noSwiftShader}`, async () => {
    setDriver(SWIFTSHADER)
    serving = await serve([model], variables)
    expect(await deviceOf()).toBe('webgpu')
    const before = await (await complete(3)).json()
    setDriver(NO_VULKAN)
    kill()
    await expect
      .poll(readiness, { interval: 5 })
      .toMatchObject({ status: 503, text: /chat: webgpu was lost/ })
    const after = await complete(3)
    expect([after.status, await deviceOf()]).toEqual([200, 'cpu'])
    const text = (answer: unknown) => (answer as { choices: [{ text: string }] }).choices[0].text
    expect(text(await after.json())).toBe(text(before))
    expect((await readiness()).status).toBe(200)
  })
})
