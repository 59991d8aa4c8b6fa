import { describe, expect, it } from 'vitest'
import { jobEvents } from '../../../../edge/jobs/events.ts'
import { type Job, jobOf } from '../../../../edge/jobs/job.ts'

const job = (changes: Record<string, string> = {}): Job =>
  jobOf('job_1', {
    account: 'firebase:demo:u1',
    model: 'twohop-chat',
    task: 'chat',
    path: '/v1/chat/completions',
    count: '3',
    token: 't',
    created_at: '1000',
    deadline: '9000',
    entry: '1-0',
    state: 'running',
    plan: 'pro',
    key: '',
    reserved_units: '100',
    prices: '{"prompt":1,"output":4}',
    ...changes,
  })

/** Reads jobs in turn, the last one again and again, on a clock that waiting moves. */
function watched(...jobs: (Job | undefined | Error)[]) {
  const waits: number[] = []
  const failures: unknown[] = []
  let now = 0
  let reads = 0
  const stream = jobEvents({
    read: async () => {
      const found = jobs[Math.min(reads++, jobs.length - 1)]
      if (found instanceof Error) throw found
      return found
    },
    wait: async (ms) => {
      waits.push(ms)
      now += ms
    },
    now: () => now,
    until: 120_000,
    failed: (error) => failures.push(error),
  })
  return { stream, waits, failures, reads: () => reads }
}

const text = (stream: ReadableStream<Uint8Array>) => new Response(stream).text()
const progress = (status: string, done: number) =>
  `event: progress\ndata: {"status":"${status}","counts":{"total":3,"done":${done},"failed":0}}\n\n`

describe("a job's events", () => {
  it('tell the progress at once and whenever it changes, then the end with the job', async () => {
    const ended = job({ state: 'done', done: '3', ended_at: '5000', prompt_tokens: '7', output_tokens: '2' })
    const { stream } = watched(job({ state: 'queued' }), job({ done: '1' }), job({ done: '1' }), ended)
    const told = await text(stream)
    const [beginning, end] = told.split('event: end\ndata: ')
    expect(beginning).toBe(
      `${progress('queued', 0)}${progress('running', 1)}: unchanged\n\n${progress('done', 3)}`,
    )
    expect(JSON.parse(end ?? '')).toEqual({
      id: 'job_1',
      object: 'job',
      status: 'done',
      endpoint: '/v1/chat/completions',
      model: 'twohop-chat',
      counts: { total: 3, done: 3, failed: 0 },
      created_at: 1,
      deadline: 9,
      ended_at: 5,
      usage: { prompt_tokens: 7, completion_tokens: 2 },
    })
    expect(told).not.toContain('retry:')
  })

  it('are asked for ever more seldom, and say when to come again when time is up', async () => {
    const { stream, waits, reads } = watched(job())
    const told = await text(stream)
    expect(told.endsWith(': unchanged\n\nretry: 3000\n\n')).toBe(true)
    expect(waits.slice(0, 4)).toEqual([0, 500, 750, 1125])
    expect(Math.max(...waits)).toBe(10_000)
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(120_000)
    expect(reads()).toBeLessThan(22)
  })

  it('say when to come again where the store is away', async () => {
    const away = new Error('away')
    const { stream, failures } = watched(job(), away)
    expect(await text(stream)).toBe(`${progress('running', 0)}retry: 3000\n\n`)
    expect(failures).toEqual([away])
  })

  it('end with a job that is no more', async () => {
    const { stream } = watched(job(), undefined)
    expect(await text(stream)).toBe(progress('running', 0))
  })

  it('are not read any more once the client has gone', async () => {
    let reads = 0
    const over = Promise.withResolvers<void>()
    const stream = jobEvents({
      read: async () => {
        reads++
        return job()
      },
      wait: async (ms) => (ms === 0 ? undefined : over.promise),
      now: () => 0,
      until: 120_000,
      failed: () => {},
    })
    const reader = stream.getReader()
    await reader.read()
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    await turn()
    await reader.cancel()
    over.resolve()
    await turn()
    expect(reads).toBe(1)
  })
})
