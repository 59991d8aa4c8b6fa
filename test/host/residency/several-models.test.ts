import { afterEach, expect, test } from 'vitest'
import { type Serving, serve } from '../../fixtures/host/serving.ts'
import { embeddedModel } from '../../fixtures/models.ts'

const EMBED = { id: 'embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' }
const CLASSIFY = {
  id: 'classify',
  source: embeddedModel('twohop-classify').folder,
  task: 'text-classification',
}

let serving: Serving | undefined
afterEach(async () => {
  await serving?.stop()
  serving = undefined
})

async function embed(): Promise<number[]> {
  const body = { model: 'embed', input: ['hello'], encoding_format: 'float' }
  const response = (await serving?.send('POST /v1/embeddings', body, {
    claims: { scope: 'embed' },
  })) as Response
  return ((await response.json()) as { data: [{ embedding: number[] }] }).data[0].embedding
}

function classify(claims: object = {}) {
  const body = { model: 'classify', inputs: ['hello'], single: true, max_tokens: 0, parameters: {} }
  return serving?.send('POST /v1/tasks/text-classification', body, {
    claims: { scope: 'tasks:text-classification', ...claims },
  }) as Promise<Response>
}

async function metric(name: string, model: string): Promise<number> {
  const token = await serving?.signer.sign('GET /metrics', '', { scope: 'metrics' })
  const response = await fetch(`${serving?.host.url}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return Number(new RegExp(`^twohop_${name}{model="${model}"} (\\S+)$`, 'm').exec(await response.text())?.[1])
}

/** The processes that were started for a model, in order. */
const processesOf = (model: string) =>
  (serving?.lines ?? []).flatMap((line) => {
    const process = new RegExp(`^model id=${model} .*process=(\\d+)`).exec(line)?.[1]
    return process === undefined ? [] : [Number(process)]
  })

const isThere = (process_: number | undefined) => {
  try {
    return process.kill(process_ ?? 0, 0)
  } catch {
    return false
  }
}

test('two models in memory for one: the second is loaded when it is asked for, and takes the place of the first', async () => {
  serving = await serve([EMBED, CLASSIFY], { HOST_MEMORY_MB: '300' })
  expect(serving.host.models.map(({ id }) => id)).toEqual(['embed', 'classify'])
  expect(serving.host.models[1]).toMatchObject({ context: expect.any(Number), device: 'cpu' })
  expect(serving.lines).toContainEqual(expect.stringMatching(/^on_demand model=classify needs_mb=\d+$/))
  expect([await metric('model_resident', 'embed'), await metric('model_resident', 'classify')]).toEqual([
    1, 0,
  ])
  const before = await embed()
  const [first] = processesOf('embed')
  expect(isThere(first)).toBe(true)

  const answers = await Promise.all([classify(), classify(), classify()])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect([await metric('model_resident', 'embed'), await metric('model_resident', 'classify')]).toEqual([
    0, 1,
  ])
  expect(await metric('model_evictions_total', 'embed')).toBe(1)
  expect(await metric('model_load_duration_seconds_count', 'classify')).toBe(1)
  expect(await metric('model_memory_bytes', 'embed')).toBe(0)
  expect(await metric('model_memory_bytes', 'classify')).toBeGreaterThan(50 * 2 ** 20)
  expect(isThere(first)).toBe(false)
  expect((await fetch(`${serving.host.url}/readyz`)).status).toBe(200)

  expect(await embed()).toEqual(before)
  expect(await metric('model_load_duration_seconds_count', 'embed')).toBe(2)
})

test('who cannot wait for the load is told at its deadline', async () => {
  serving = await serve([{ ...CLASSIFY, load: 'demand' }])
  expect(processesOf('classify')).toEqual([])
  const late = await classify({ deadline: Date.now() + 50 })
  expect([late.status, late.headers.get('retry-after')]).toEqual([504, '1'])
  expect(await late.json()).toMatchObject({ error: { code: 'host_timeout' } })
  expect((await classify()).status).toBe(200)
})

test('a model larger than the whole budget is one clear line', async () => {
  await expect(serve([EMBED, CLASSIFY], { HOST_MEMORY_MB: '100' })).rejects.toThrow(
    /^embed will need about \d+ MiB of memory; HOST_MEMORY_MB allows 100$/,
  )
})
