import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { chooseDevice } from '../../inference-host/device/choose.ts'
import type { Device, ModelTask } from '../../inference-host/device/port.ts'
import { createTryDevice } from '../../inference-host/device/try.ts'
import type { EmbeddingList } from '../../shared/openai/embeddings.ts'
import { writeTinyEncoder } from '../fixtures/graphs/tiny-encoder.ts'
import { type HostProcess, startHostProcess } from '../fixtures/host/host-process.ts'
import { manifestOf } from '../fixtures/host/serving.ts'
import { createSigner } from '../fixtures/host/signer.ts'
import { describeEachModel, embeddedModel, realModel, threadsFor } from '../fixtures/models.ts'
import { referenceOf } from '../fixtures/reference.ts'
import { NO_VULKAN, noSwiftShader, SWIFTSHADER } from './webgpu/swiftshader.ts'

const chat = embeddedModel('twohop-chat')
const request = {
  folder: chat.folder,
  task: 'text-generation',
  dtype: 'q8',
  context: undefined,
  threads: 1,
} as const

let running: HostProcess | undefined
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
  vi.unstubAllEnvs()
})

async function start(
  model: { id: string; source: string; task: string },
  environment: Record<string, string>,
) {
  const signer = await createSigner()
  const manifest = await manifestOf([model])
  running = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    ...threadsFor([model.source]),
    ...environment,
  })
  const ready = await running.ready.finally(manifest.remove)
  return { host: running, signer, ...ready }
}

describe('trying a device', () => {
  const tryDevice = createTryDevice(60_000)

  test('the CPU runs the model and says how long it took', async () => {
    const answer = await tryDevice({ ...request, device: 'cpu' })
    expect(answer).toEqual({ runs: true, ms: expect.any(Number) })
  })

  test('a folder without a model is a reason, not a throw', async () => {
    const answer = await tryDevice({ ...request, device: 'cpu', folder: '/nowhere' })
    expect(answer).toEqual({ runs: false, reason: expect.stringMatching(/./) })
  })

  test('what gives no answer in time is ended', async () => {
    const answer = await createTryDevice(1)({ ...request, device: 'cpu' })
    expect(answer).toEqual({ runs: false, reason: 'no answer in 1 ms' })
  })
})

test('auto leaves a light model on the CPU and says why', async () => {
  const model = { id: 'chat', source: chat.folder, task: 'text-generation' }
  const { host, models } = await start(model, { HOST_DEVICE: 'auto' })
  expect(models[0]?.device).toBe('cpu')
  expect(await host.line(/^device /)).toBe('device model=chat chosen=cpu why="3 MiB are a light model"')
})

/** Chooses for the small model as for a large one, with the drivers that `environment` names; `tried` is run instead. */
async function chooseWith(
  environment: Record<string, string>,
  tried: { folder?: string; task?: ModelTask; dtype?: 'fp32' } = {},
) {
  const tryDevice = createTryDevice(60_000)
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  /** Milliseconds that each device took which runs it; what is said of them is rounded. */
  const ms: Partial<Record<Device, number>> = {}
  const chosen = await chooseDevice({
    preference: 'auto',
    files: ['model_quantized.onnx'],
    request,
    bytes: async () => 2 ** 30,
    async tryDevice(asked) {
      const answer = await tryDevice({ ...asked, ...tried })
      if (answer.runs) ms[asked.device] = answer.ms
      return answer
    },
  })
  return { ...chosen, ms }
}

test('auto without any GPU falls back to the CPU and says why', async () => {
  const { device, why } = await chooseWith({ CUDA_VISIBLE_DEVICES: '', ...NO_VULKAN })
  expect(device).toBe('cpu')
  expect(why).toMatch(/^cuda: .+; webgpu: .+$/)
})

describe.skipIf(noSwiftShader !== '')(`webgpu on SwiftShader${noSwiftShader}`, () => {
  /** Asks a host on SwiftShader for a text's vector, and holds it against the one that it has elsewhere. */
  async function expectSameVector(source: string, dtype: 'fp32' | 'q8') {
    const model = { id: 'encoder', source, task: 'feature-extraction' }
    const { url, signer, models } = await start(model, { HOST_DEVICE: 'webgpu', ...SWIFTSHADER })
    expect(models[0]?.device).toBe('webgpu')
    const [{ text, embedding } = { text: '', embedding: [] }] = await referenceOf({ folder: source, dtype })
    const body = JSON.stringify({ model: 'encoder', input: [text], encoding_format: 'float' })
    const token = await signer.sign('POST /v1/embeddings', body, { scope: 'embed' })
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${url}/v1/embeddings`, { method: 'POST', headers, body })
    const { data } = (await response.json()) as EmbeddingList
    const ours = data[0]?.embedding as number[]
    expect(ours.reduce((sum, value, i) => sum + value * (embedding[i] ?? 0), 0)).toBeGreaterThan(0.995)
  }

  const folder = mkdtempSync(path.join(tmpdir(), 'device-'))
  beforeAll(() => writeTinyEncoder(folder, 'feature-extraction'))
  afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

  test('gives the embeddings of the CPU', () => expectSameVector(folder, 'fp32'))

  describeEachModel('of %s', [realModel('all-MiniLM-L6-v2')], ({ folder: real }) => {
    test('gives the embeddings of the CPU', () => expectSameVector(real, 'q8'))
  })

  test('auto tries it, and passes it over where the CPU is far faster', async () => {
    const tiny = { folder, task: 'feature-extraction', dtype: 'fp32' } as const
    const { device, why, ms } = await chooseWith({ CUDA_VISIBLE_DEVICES: '', ...SWIFTSHADER }, tiny)
    expect(why).toMatch(/webgpu runs it, \d+ ms, cpu \d+ ms/)
    const { webgpu = Number.NaN, cpu = Number.NaN } = ms
    expect(Object.keys(ms).toSorted()).toEqual(['cpu', 'webgpu'])
    expect(device).toBe(webgpu > 2 * cpu ? 'cpu' : 'webgpu')
  })
})
