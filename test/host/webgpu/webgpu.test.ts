import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { useFloat32Activations } from '../../../inference-host/decoding/serving-form/int8-activations.ts'
import { type HostProcess, startHostProcess } from '../../fixtures/host/host-process.ts'
import { manifestOf } from '../../fixtures/host/serving.ts'
import { createSigner } from '../../fixtures/host/signer.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { copyOf } from '../serving-form/folder.ts'
import { noSwiftShader, SWIFTSHADER } from './swiftshader.ts'
import type { TinyAnswer, TinyRequest } from './tiny-process.ts'

const chat = embeddedModel('twohop-chat')
const TINY = fileURLToPath(new URL('tiny-process.ts', import.meta.url))

let running: HostProcess | undefined
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
})

async function tiny(request: TinyRequest): Promise<TinyAnswer> {
  const child = fork(TINY, {
    env: { ...process.env, ...SWIFTSHADER },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr?.on('data', (piece) => {
    stderr = `${stderr}${piece}`.slice(-2000)
  })
  const answer = new Promise<TinyAnswer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as TinyAnswer))
    child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code}: ${stderr}`)))
  })
  child.send(request)
  return answer
}

type Answer = { choices: { text: string }[]; usage: { completion_tokens: number } }

/** A host with a model, asked several prompts at once: what it wrote, greedily. */
async function texts(folder: string, environment: Record<string, string>, prompts: readonly string[]) {
  const signer = await createSigner()
  const manifest = await manifestOf([{ id: 'chat', source: folder, task: 'text-generation' }])
  const host = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    ...environment,
  })
  running = host
  const { url } = await host.ready.finally(manifest.remove)
  const written = await Promise.all(
    prompts.map(async (prompt, i) => {
      const body = JSON.stringify({
        model: 'chat',
        prompt,
        max_tokens: 4,
        temperature: 0,
        stream: false,
        stop: [],
      })
      const claims = { sub: `account-${i}`, deadline: Date.now() + 170_000 }
      const token = await signer.sign('POST /v1/completions', body, claims)
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${url}/v1/completions`, { method: 'POST', headers, body })
      if (!response.ok) throw new Error(await response.text())
      const { choices, usage } = (await response.json()) as Answer
      return { text: choices[0]?.text, tokens: usage.completion_tokens }
    }),
  )
  const batching = environment.HOST_SLOTS === '1' ? '' : await host.line(/^(batching|one_at_a_time) /)
  host.child.kill('SIGKILL')
  await host.ended
  return { written, batching }
}

describe.skipIf(noSwiftShader !== '')(`webgpu on SwiftShader${noSwiftShader}`, () => {
  test('many requests at once, their caches on the device, give what each gives alone on the CPU', async () => {
    const answer = await tiny({ attention: 'gqa', requests: 8 })
    expect(answer.description).toMatchObject({ family: 'gqa', newLayout: 'in-place' })
    expect(answer.verified?.measured.alone).toBeLessThan(1e-4)
    expect(answer.verified?.measured.batch).toBeLessThan(1e-4)
    expect(answer.batched).toEqual(answer.alone)
    expect(answer.largestBatch).toBeGreaterThan(2)
    expect(answer.cachedTokens).toBeGreaterThanOrEqual(32)
    expect(answer.tooMuch).toMatch(/exceeds the max buffer size limit|is invalid due to a previous error/)
  })

  test('so do those whose attention is spelled out, their caches in memory', async () => {
    const answer = await tiny({ attention: 'spelled-out', requests: 4 })
    expect(answer.description).toMatchObject({ family: 'spelled-out', newLayout: 'heads-tokens' })
    expect(answer.batched).toEqual(answer.alone)
    expect(answer.largestBatch).toBeGreaterThan(1)
  })

  // By transformers.js it does so too: test/host/residency/lost.test.ts loses such a device, and the CPU writes on the same.
  test('the host writes batched on it what the CPU writes alone', async () => {
    // With float32 activations: int8 ones make half a logit of what the devices round otherwise.
    const { folder } = await copyOf(chat.folder, useFloat32Activations)
    const prompts = ['The edge', 'A unit is']
    const cpu = await texts(folder, { HOST_SLOTS: '1' }, prompts)
    const batched = await texts(folder, { HOST_DEVICE: 'webgpu', ...SWIFTSHADER }, prompts)
    expect(batched.batching).toMatch(/^batching model=chat family=gqa .*batch_difference=/)
    expect(batched.written).toEqual(cpu.written)
  }, 400_000)
})
