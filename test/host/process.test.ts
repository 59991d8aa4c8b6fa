import { cp, mkdtemp, open, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type HostProcess, startHostProcess } from '../fixtures/host/host-process.ts'
import { manifestOf } from '../fixtures/host/serving.ts'
import { createSigner, type Signer } from '../fixtures/host/signer.ts'
import { describeEachModel, embeddedModel, realModel, threadsFor } from '../fixtures/models.ts'
import { IN_A_BROWSER_MS, pacedBy, slowly } from '../fixtures/pace.ts'
import { paceFile } from '../fixtures/pace-own.ts'

const WRITERS = [
  { ...embeddedModel('twohop-chat'), some: 200, many: 400, slots: '16' },
  // One at a time, which needs no serving form: to prepare and measure that takes half a minute.
  { ...realModel('SmolLM2-135M-Instruct'), some: 60, many: 1000, slots: '1' },
]
const tiny = { id: 'tiny', source: embeddedModel('twohop-chat').folder, task: 'text-generation' }

let signer: Signer
let running: HostProcess | undefined
const cleanUps: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  signer = await createSigner()
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
  running = undefined
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function start(model = tiny, environment: Record<string, string> = {}): Promise<HostProcess> {
  const manifest = await manifestOf([model])
  cleanUps.push(manifest.remove)
  running = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    ...threadsFor([model.source]),
    ...environment,
  })
  running.ready.catch(() => {})
  return running
}

async function post(url: string, body: object): Promise<Response> {
  const text = JSON.stringify(body)
  const authorization = `Bearer ${await signer.sign('POST /v1/completions', text)}`
  return fetch(`${url}/v1/completions`, { method: 'POST', headers: { authorization }, body: text })
}

const STORY = {
  model: 'chat',
  prompt: 'Once upon a time',
  /** The tokens that end an answer are ruled out. */
  logit_bias: { 0: -100, 2: -100 },
  stream: true,
  temperature: 0,
  stop: [],
}

describe('refuses to boot, with one clear line and exit code 1', () => {
  const oneLine = async (host: HostProcess) => {
    const { code, stderr } = await host.ended
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    return stderr
  }

  test('without a public key', async () => {
    const host = await start(tiny, { SERVICE_TOKEN_PUBLIC_KEYS: '' })
    expect(await oneLine(host)).toBe(
      'host: SERVICE_TOKEN_PUBLIC_KEYS: is missing: put the content of service-key.public.json, which `npm run keys` writes, there\n',
    )
  })

  test.each([
    ['SERVICE_TOKEN_PUBLIC_KEYS', 'no JSON', 'is no JSON; put the content of service-key.public.json there'],
    ['SERVICE_TOKEN_PUBLIC_KEYS', '{"keys":[]}', 'is no JWKS: keys hold no key'],
    ['MODELS_FILE', '/no/such/models.json', 'cannot be read (ENOENT)'],
    [
      'HOST_BIND',
      '192.0.2.7',
      'this machine has no such address; put 127.0.0.1, 0.0.0.0 or one of its own there',
    ],
    [
      'HOST_BIND',
      'no such name',
      'this machine has no such address; put 127.0.0.1, 0.0.0.0 or one of its own there',
    ],
  ])('with a %s of %s, by its name', async (name, value, words) => {
    const host = await start(tiny, { [name]: value })
    expect(await oneLine(host)).toBe(`host: ${name}: ${words}\n`)
  })

  test('with a private key, which it does not show', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    const jwk = await exportJWK(privateKey)
    const host = await start(tiny, {
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify({ keys: [{ ...jwk, kid: 'a' }] }),
    })
    const line = await oneLine(host)
    expect(line).toMatch(/private key/)
    expect(line).not.toContain(jwk.d)
  })

  test('on a taken port', async () => {
    const taken = await new Promise<Server>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
    })
    cleanUps.push(() => new Promise((resolve) => taken.close(resolve)))
    const { port } = taken.address() as { port: number }
    const host = await start(tiny, { HOST_PORT: String(port) })
    expect(await oneLine(host)).toBe(
      `host: HOST_PORT: port ${port} on 127.0.0.1 is taken; put another there, or 0 for any free one\n`,
    )
  })

  test('on a model with one changed byte, naming the file', async () => {
    const source = await mkdtemp(path.join(tmpdir(), 'host-model-'))
    cleanUps.push(() => rm(source, { recursive: true, maxRetries: 10 }))
    await cp(tiny.source, source, { recursive: true })
    const manifest = await manifestOf([{ ...tiny, source }])
    cleanUps.push(manifest.remove)
    const file = await open(path.join(source, 'onnx/model_quantized.onnx'), 'r+')
    const byte = new Uint8Array(1)
    await file.read(byte, 0, 1, 1000)
    await file.write(Uint8Array.of((byte[0] ?? 0) ^ 1), 0, 1, 1000)
    await file.close()
    running = startHostProcess({ SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks, MODELS_FILE: manifest.file })
    running.ready.catch(() => {})
    expect(await oneLine(running)).toContain('onnx/model_quantized.onnx')
  })
})

test('lives before it is ready, then says over its channel what it serves', async () => {
  const host = await start()
  const url = /url=(\S+)/.exec(await host.line(/^listening /))?.[1]
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  const early = await fetch(`${url}/readyz`)
  const { models, ...message } = await host.ready
  expect(message).toEqual({ type: 'ready', url })
  expect(models).toEqual([
    {
      id: 'tiny',
      task: 'text-generation',
      device: 'cpu',
      dtype: 'q8',
      context: expect.any(Number),
      overhead: { request: expect.any(Number), item: expect.any(Number) },
    },
  ])
  expect(await host.line(/^model /)).toMatch(
    /^model id=tiny task=text-generation device=cpu dtype=q8 slots=17 context=\d+/,
  )
  expect(early.status).toBe(503)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
})

/** Has a process of the host throw out of nowhere once it runs. */
const crashing = (file: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `if (process.argv[1]?.endsWith('${file}')) setTimeout(() => { throw new RangeError('a canary') }, 200)`,
  )}`,
})

test('a crash is told by its class alone, and ends the host', async () => {
  const host = await start(tiny, crashing('main.ts'))
  expect(await host.line(/^crashed /)).toMatch(/^crashed error=RangeError/)
  expect(await host.ended).toEqual({ code: 1, stderr: expect.not.stringContaining('canary') })
})

test('so is one of a model’s process, whose end the host hears of', async () => {
  const host = await start(tiny, crashing('process-child.ts'))
  const { code, stderr } = await host.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^engine: crashed {"error":"RangeError"}$/m)
  expect(stderr).toMatch(/^host: tiny does not load on cpu: its process ended with 1$/m)
  expect(stderr).not.toContain('canary')
})

test('ends with the process that started it', async () => {
  const host = await start()
  await host.ready
  host.child.disconnect()
  expect((await host.ended).code).toBe(0)
})

test.each(['SIGTERM', 'SIGINT'] as const)('with nothing to do, %s ends it with 0', async (signal) => {
  const host = await start()
  await host.ready
  host.child.kill(signal)
  expect(await host.ended).toEqual({ code: 0, stderr: '' })
})

describeEachModel('draining %s', WRITERS, ({ folder, some, many, slots }) => {
  const model = { id: 'chat', source: folder, task: 'text-generation' }

  test('SIGTERM: not ready, new requests refused, the running one ends in peace, exit code 0', async () => {
    const pace = paceFile()
    const host = await start(model, { HOST_SLOTS: slots, ...pacedBy(pace) })
    const { url } = await host.ready
    // Slow, so that it runs until everything was asked.
    const stream = await slowly(
      pace,
      async () => {
        const answer = await post(url, { ...STORY, max_tokens: some })
        host.child.kill('SIGTERM')
        await host.line(/^draining /)
        expect((await fetch(`${url}/readyz`)).status).toBe(503)
        expect((await fetch(`${url}/livez`)).status).toBe(200)
        const refused = await post(url, { ...STORY, max_tokens: some })
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
        expect(await refused.json()).toMatchObject({ error: { code: 'host_not_ready' } })
        return answer
      },
      IN_A_BROWSER_MS,
    )
    expect(await stream.text()).toMatch(
      new RegExp(`"completion_tokens":${some}[,}].*\n\ndata: \\[DONE\\]\n\n$`),
    )
    expect(await host.ended).toEqual({ code: 0, stderr: '' })
  })

  test('what does not end within the grace is stopped, billed and told so', async () => {
    const pace = paceFile()
    const host = await start(model, { HOST_SLOTS: slots, HOST_DRAIN_SECONDS: '0', ...pacedBy(pace) })
    const { url } = await host.ready
    const text = await slowly(pace, async () => {
      const stream = await post(url, { ...STORY, max_tokens: many })
      host.child.kill('SIGTERM')
      return stream.text()
    })
    expect(text).not.toContain('[DONE]')
    expect(JSON.parse(text.trim().split('data: ').at(-1) ?? '')).toMatchObject({
      error: { code: 'host_unavailable' },
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
    })
    expect((await host.ended).code).toBe(0)
  })
})
