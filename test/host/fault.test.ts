import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProcessEngine, startProcessEngine } from '../../inference-host/model-process/process.ts'
import type { End } from '../../inference-host/work/engine.ts'
import type { Work } from '../../inference-host/work/work.ts'
import { embeddedModel } from '../fixtures/models.ts'

const CANARY = 'prompt-canary-4711'

let engine: ProcessEngine
beforeAll(async () => {
  engine = await startProcessEngine(
    {
      id: 'embed',
      folder: embeddedModel('twohop-embed').folder,
      task: 'feature-extraction',
      device: 'cpu',
      dtype: 'q8',
      context: undefined,
      threads: 1,
    },
    60_000,
  )
})
afterAll(() => engine?.close())

function endOf(work: Work): Promise<End> {
  return new Promise((resolve) => {
    engine.run(work, (event) => event.type === 'ended' && resolve(event.end))
  })
}

test('work that a model fails on comes back from its process with class and place, without the message', async () => {
  const limits = { promptTokens: 99, outputTokens: 9 }
  const work = { kind: CANARY, prompt: CANARY, sampling: {}, limits } as unknown as Work
  const end = await endOf(work)
  expect(end).toEqual({
    how: 'failed',
    fault: {
      error: expect.stringMatching(/^\w+$/),
      at: expect.stringMatching(/^inference-host\/encoding\/[\w-]+\.ts:\d+ </),
    },
  })
  expect(JSON.stringify(end)).not.toContain('canary')
})
