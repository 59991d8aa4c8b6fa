import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { WorkerData } from '../../../inference-host/model-process/messages.ts'
import { type ProcessEngine, startProcessEngine } from '../../../inference-host/model-process/process.ts'
import type { Engine, EngineEvent } from '../../../inference-host/work/engine.ts'
import type { Work } from '../../../inference-host/work/work.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { slowly } from '../../fixtures/pace.ts'
import { paceOwn } from '../../fixtures/pace-own.ts'

const data: WorkerData = {
  id: 'chat',
  folder: embeddedModel('twohop-chat').folder,
  task: 'text-generation',
  device: 'cpu',
  dtype: 'q8',
  context: undefined,
  threads: 1,
}
/** Its end tokens are ruled out, so that it goes on to its limit. */
const story = (outputTokens: number): Work => ({
  kind: 'complete',
  prompt: 'What is',
  sampling: {
    temperature: 0,
    seed: 1,
    stop: [],
    logitBias: new Map([
      [0, -100],
      [2, -100],
    ]),
  },
  limits: { promptTokens: 100, outputTokens },
})

const folder = mkdtempSync(join(tmpdir(), 'twohop-engines-'))
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))
/** Slows down what is started here, so that no job of thousands of tokens is done before its end is felt. */
const pace = join(folder, 'pace')

let engine: Engine | undefined
afterEach(() => engine?.close())

type Ended = Extract<EngineEvent, { type: 'ended' }>

/** Runs a job to its end; `onToken` is called with each count of tokens. */
function run(job: Work, onToken: (count: number, stop: () => void) => void = () => {}) {
  const events: EngineEvent[] = []
  return new Promise<{ events: EngineEvent[]; ended: Ended }>((resolve) => {
    const started = engine?.run(job, (event) => {
      events.push(event)
      if (event.type === 'token') onToken(event.outputTokens, () => started?.stop())
      if (event.type === 'ended') resolve({ events, ended: event })
    })
  })
}

async function start(wanted: WorkerData): Promise<ProcessEngine> {
  paceOwn(pace)
  try {
    return await startProcessEngine(wanted, 60_000)
  } finally {
    vi.unstubAllEnvs()
  }
}

describe('an engine in a process', () => {
  test('reports a start, each token in order, and one end with all that was computed', async () => {
    engine = await start(data)
    const { events, ended } = await run(story(20))
    expect(events[0]).toMatchObject({ type: 'started', promptTokens: expect.any(Number) })
    expect(events.slice(1, -1).map((event) => (event.type === 'token' ? event.outputTokens : event))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    expect(ended).toMatchObject({ outputTokens: 20, end: { how: 'finished' } })
  })

  test('stops a job long before its limit', async () => {
    engine = await start(data)
    const { ended } = await slowly(pace, () => run(story(2000), (count, stop) => count === 3 && stop()))
    expect(ended.end).toEqual({ how: 'stopped' })
    expect(ended.outputTokens).toBeLessThan(100)
  })

  test('that is closed ends its jobs as lost, and jobs that come later too', async () => {
    engine = await start(data)
    const { ended } = await slowly(pace, () =>
      run(story(2000), (count) => count === 2 && void engine?.close()),
    )
    expect(ended.end).toEqual({ how: 'lost' })
    expect((await run(story(1))).ended.end).toEqual({ how: 'lost' })
  })

  test('that does not load is an error with the reason', async () => {
    await expect(start({ ...data, dtype: 'q4' })).rejects.toThrow(/model_q4\.onnx/)
  })

  test('that is killed ends its jobs as lost, says so, and gives all its memory back', async () => {
    const killed = await start(data)
    engine = killed
    expect(killed.rss()).toBeGreaterThan(50 * 2 ** 20)
    const { ended } = await slowly(pace, () =>
      run(story(2000), (count) => count === 2 && process.kill(killed.pid, 'SIGKILL')),
    )
    expect(ended.end).toEqual({ how: 'lost' })
    expect(await killed.died).toBe('its process ended with SIGKILL')
    expect(isThere(killed)).toBe(false)
    expect((await run(story(1))).ended.end).toEqual({ how: 'lost' })
  })

  test('does not end with the signals that a terminal sends to all', async () => {
    const signalled = await startProcessEngine(data, 60_000)
    engine = signalled
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(signalled.pid, signal)
    expect((await run(story(2))).ended.end).toMatchObject({ how: 'finished' })
  })

  test('that takes too long to load is ended', async () => {
    await expect(startProcessEngine(data, 1)).rejects.toThrow('not loaded in 1 ms')
  })
})

function isThere({ pid }: ProcessEngine): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
