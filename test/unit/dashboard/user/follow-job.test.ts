import { expect, it } from 'vitest'
import type { Progress } from '../../../../dashboard/api/shapes.ts'
import { followJob } from '../../../../dashboard/user/follow-job.ts'
import { jobEvents } from '../../../../edge/jobs/events.ts'
import { jobOf } from '../../../../edge/jobs/job.ts'

/** A job's record after so many inputs, as the store has it. */
const job = (done: number, state = 'running') =>
  jobOf('job_1', {
    ...{
      state,
      account: 'firebase:demo:ada',
      model: 'm',
      task: 'chat',
      path: '/v1/chat/completions',
      plan: 'pro',
      key: '',
    },
    ...{
      count: '2',
      done: String(done),
      failed: '0',
      prompt_tokens: '0',
      output_tokens: '0',
      reserved_units: '1',
    },
    ...{
      created_at: '1',
      deadline: '2',
      attempts: '0',
      weight: '1',
      scope: 'jobs',
      bytes: '1',
      kept_ms: '1',
      token: 't',
      entry: '1-0',
    },
    prices: '{"prompt":1,"output":1,"compute_second":0}',
  })

/** An edge that streams these states of a job, one stream after the other. */
function streaming(streams: readonly (ReturnType<typeof job> | undefined)[][]) {
  const asked: string[] = []
  const left = streams.map((states) => [...states])
  return {
    asked,
    async send(path: string) {
      asked.push(path)
      const states = left.shift() ?? []
      const options = {
        wait: async () => {},
        now: () => (states.length === 0 ? 2 : 0),
        until: 1,
        failed: () => {},
      }
      return new Response(jobEvents({ ...options, read: async () => states.shift() }))
    },
  }
}

async function followed(streams: readonly (ReturnType<typeof job> | undefined)[][]) {
  const [told, waits]: [Progress[], number[]] = [[], []]
  let ends = 0
  const edge = streaming(streams)
  await followJob(edge, 'job_1', {
    signal: new AbortController().signal,
    onProgress: ({ status, counts }) => told.push({ status, counts }),
    onEnd: () => ends++,
    wait: async (ms) => waits.push(ms),
  })
  return {
    told: told.map(({ status, counts }) => `${status} ${counts.done}`),
    ends,
    waits,
    asked: edge.asked,
  }
}

it('tells each step of a job, and its end once', async () => {
  expect(await followed([[job(0), job(1), job(2, 'done')]])).toEqual({
    told: ['running 0', 'running 1', 'done 2', 'done 2'],
    ends: 1,
    waits: [],
    asked: ['/v1/jobs/job_1/events'],
  })
})

it('comes again where a stream ends before its job', async () => {
  const { ends, waits, asked } = await followed([[job(0)], [job(2, 'done')]])
  expect({ ends, waits, streams: asked.length }).toEqual({ ends: 1, waits: [3000], streams: 2 })
})

it('gives up where there is nothing to follow, and where nobody looks any more', async () => {
  const asked: string[] = []
  const refusing = {
    async send(path: string) {
      asked.push(path)
      return new Response('{}', { status: 404 })
    },
  }
  const options = { onProgress: () => {}, onEnd: () => expect.fail('it did not end') }
  await followJob(refusing, 'job_1', { ...options, signal: new AbortController().signal })
  expect(asked).toHaveLength(1)
  await followJob(refusing, 'job_1', { ...options, signal: AbortSignal.abort() })
  expect(asked).toHaveLength(1)
})
