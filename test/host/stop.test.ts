import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HostProcess, startHostProcess } from '../fixtures/host/host-process.ts'
import { manifestOf } from '../fixtures/host/serving.ts'
import { createSigner, type Signer } from '../fixtures/host/signer.ts'
import { embeddedModel } from '../fixtures/models.ts'
import { pacedBy } from '../fixtures/pace.ts'

/** Milliseconds that each step takes at least: far more than the way of a cancel on a busy machine. */
const STEP_MS = 200
/** Steps that go on once the host has heard: the one under way, and one that had begun as it heard. */
const MOST_STEPS = 2

let folder: string
let host: HostProcess
let signer: Signer
let url: string
let removeManifest: () => Promise<void>

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'host-stop-'))
  signer = await createSigner()
  const source = embeddedModel('twohop-chat').folder
  const manifest = await manifestOf([{ id: 'chat', source, task: 'text-generation' }])
  removeManifest = manifest.remove
  host = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    ...pacedBy(path.join(folder, 'pace')),
  })
  ;({ url } = await host.ready)
  await writeFile(path.join(folder, 'pace'), String(STEP_MS))
})
afterAll(async () => {
  host.child.kill('SIGKILL')
  await host.ended
  await removeManifest()
  await rm(folder, { recursive: true, maxRetries: 10 })
})

/** Starts a stream, and resolves once it has written `after` tokens. */
async function streaming(jti: string, after: number) {
  const leave = new AbortController()
  const body = JSON.stringify({
    model: 'chat',
    prompt: 'Once upon a time',
    max_tokens: 1900,
    stream: true,
    temperature: 0,
    stop: [],
    // Its end tokens are ruled out.
    logit_bias: { 0: -100, 2: -100 },
    stream_options: { include_usage: true, continuous_usage_stats: true },
  })
  const authorization = `Bearer ${await signer.sign('POST /v1/completions', body, { jti })}`
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { authorization },
    body,
    signal: leave.signal,
  })
  const reader = answer.body?.getReader()
  let text = ''
  let written = 0
  while (written < after) {
    const { value } = (await reader?.read()) ?? {}
    text += new TextDecoder().decode(value)
    written = Math.max(
      0,
      ...[...text.matchAll(/"completion_tokens":(\d+)/g)].map(([, count]) => Number(count)),
    )
  }
  return { written, leave: () => leave.abort() }
}

test.each([
  ['is told to', async (ask: () => Promise<Response>) => ask()],
  [
    'finds its reader gone',
    async (ask: () => Promise<Response>, leave: () => void, jti: string) => {
      leave()
      // Its line says that it has ended; the same question then tells what it has used.
      await host.line(new RegExp(`^run id=${jti} .*code=(cancelled|host_failed)`))
      return ask()
    },
  ],
])('a model stops within two steps once the host %s', async (_, stop) => {
  const jti = crypto.randomUUID()
  const route = `DELETE /v1/requests/${jti}`
  const authorization = `Bearer ${await signer.sign(route, '', { jti: `${jti}.cancel` })}`
  const ask = () => fetch(`${url}/v1/requests/${jti}`, { method: 'DELETE', headers: { authorization } })
  const { written, leave } = await streaming(jti, 5)
  const asked = performance.now()
  const { usage } = (await (await stop(ask, leave, jti)).json()) as { usage: { completion_tokens: number } }
  const steps = usage.completion_tokens - written
  // Where this machine stands still for longer than a step, the question was under way for so many more.
  const late = Math.max(0, Math.floor((performance.now() - asked) / STEP_MS) - 1)
  expect(steps).toBeGreaterThanOrEqual(0)
  expect(steps).toBeLessThanOrEqual(MOST_STEPS + late)
})
