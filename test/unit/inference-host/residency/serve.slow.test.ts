import { cp, mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../../../../inference-host/metrics/metrics.ts'
import { serveModels } from '../../../../inference-host/residency/serve.ts'
import { embeddedModel } from '../../../fixtures/models.ts'
import { lockedModels } from '../../../fixtures/residency/locked-models.ts'

const EMBED = { id: 'embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' }
const CLASSIFY = {
  id: 'classify',
  source: embeddedModel('twohop-classify').folder,
  task: 'text-classification',
}
const EMBED_WORK = {
  kind: 'embed',
  texts: ['a'],
  normalize: true,
  encoding: 'float',
  limits: { promptTokens: 8, outputTokens: 0 },
} as const

async function setUp(models: Parameters<typeof lockedModels>[0], variables: Record<string, string> = {}) {
  const { entries, config, log, told, remove } = await lockedModels(models, variables)
  onTestFinished(remove)
  const metrics = createMetrics({
    models: entries.map(({ id }) => id),
    eventLoop: () => ({ p50: 0, p99: 0, max: 0 }),
  })
  return { serving: serveModels(entries, config, metrics, log), told, metrics }
}

/** The processes that this one has started and that have not ended. */
/** Of this process, in which what another file has stopped may still be on its way to its end. */
const children = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length

describe('models that fit', () => {
  test('are there from the start, each behind a queue of its own, and gone when they are closed', async () => {
    const before = children()
    const { serving, metrics, told } = await setUp([EMBED, CLASSIFY])
    const models = await serving
    try {
      expect([...models.queues.keys()].sort()).toEqual(['classify', 'embed'])
      expect(models.info).toMatchObject([
        { id: 'embed', task: EMBED.task, device: 'cpu', context: 256 },
        { id: 'classify', task: CLASSIFY.task, device: 'cpu', context: 256 },
      ])
      expect(models.trouble()).toBeUndefined()
      expect(models.rss()).toBeGreaterThan(50 * 2 ** 20)
      expect(told('on_demand')).toEqual([])
      const run = models.queues.get('embed')?.submit(EMBED_WORK, Date.now() + 60_000)
      expect(await run?.ended).toBe('finished')
      expect(run?.report().promptTokens).toBeGreaterThan(0)
      expect(await metrics.text()).toMatch(/model="embed"/)
    } finally {
      await models.close()
    }
    await expect.poll(children).toBeLessThanOrEqual(before)
    expect(models.rss()).toBe(0)
  })
})

describe('a model that is loaded on demand', () => {
  test('is known before it is there, and there once it is asked for', async () => {
    const { serving, told } = await setUp([{ ...EMBED, load: 'demand' }])
    const models = await serving
    try {
      expect(told('on_demand')).toMatchObject([{ model: 'embed' }])
      expect(models.info).toMatchObject([{ id: 'embed', context: 256, overhead: { request: 0, item: 2 } }])
      expect(models.rss()).toBe(0)
      const run = models.queues.get('embed')?.submit(EMBED_WORK, Date.now() + 60_000)
      expect(await run?.ended).toBe('finished')
      expect(models.rss()).toBeGreaterThan(0)
    } finally {
      await models.close()
    }
  })
})

describe('nothing is left running', () => {
  test('where one model is larger than the memory for all', async () => {
    const before = children()
    const { serving } = await setUp([EMBED], { HOST_MEMORY_MB: '50' })
    await expect(serving).rejects.toThrow(
      /^embed will need about \d+ MiB of memory; HOST_MEMORY_MB allows 50$/,
    )
    await expect.poll(children).toBeLessThanOrEqual(before)
  })

  test('where one of several cannot be loaded', async () => {
    const source = await mkdtemp(path.join(tmpdir(), 'serve-'))
    onTestFinished(() => rm(source, { recursive: true }))
    await cp(EMBED.source, source, { recursive: true })
    await truncate(path.join(source, 'onnx/model_quantized.onnx'), 4096)
    const before = children()
    const { serving } = await setUp([CLASSIFY, { ...EMBED, source }])
    await expect(serving).rejects.toThrow(/^embed/)
    await expect.poll(children).toBeLessThanOrEqual(before)
  })
})
