import type { ClaimedJob, Finished, JobEnd, JobStore, Standing } from '../../../inference-host/jobs/port.ts'
import type { VerifiedJob } from '../../../inference-host/jobs/verify.ts'

export const CLAIMED: ClaimedJob = {
  id: 'job-1',
  model: 'chat-1',
  entry: '1-1',
  claim: 'host-1:a',
  takenOver: false,
  record: { count: '4' },
  inputs: new Map(),
  done: new Set(),
}

export const claimedJob = (id: string, model = 'chat-1'): ClaimedJob => ({ ...CLAIMED, id, model })

/** A job of `count` chat inputs that is good for an hour. */
export function verifiedJob(count: number, changes: Partial<VerifiedJob> = {}): VerifiedJob {
  const body = (index: number) => ({
    model: 'chat-1',
    messages: [{ role: 'user', content: `input ${index}` }],
    max_tokens: 8,
    stream: false,
    stop: [],
  })
  return {
    id: 'job-1',
    account: 'account-1',
    model: 'chat-1',
    path: '/v1/chat/completions',
    scope: 'chat',
    weight: 1,
    deadline: Date.now() + 3_600_000,
    inputMs: 60_000,
    inputs: Array.from({ length: count }, (_, index) => ({
      body: body(index),
      prompt_tokens: 32,
      output_tokens: 8,
    })),
    ...changes,
  }
}

/** A store that a test takes away and answers for; it keeps what it was told. */
export type HandStore = JobStore & {
  away: boolean
  standing: Standing
  /** Jobs that wait to be claimed. */
  waiting: ClaimedJob[]
  claims: string[][]
  reports: { number: number; finished: readonly Finished[] }[]
  ends: JobEnd[]
  releases: number
}

export function createHandStore(): HandStore {
  const there = () => {
    if (store.away) throw new TypeError('fetch failed')
  }
  const store: HandStore = {
    away: false,
    standing: 'ok',
    waiting: [],
    claims: [],
    reports: [],
    ends: [],
    releases: 0,
    async claim(models) {
      store.claims.push([...models])
      there()
      const at = store.waiting.findIndex(({ model }) => models.includes(model))
      return at === -1 ? undefined : store.waiting.splice(at, 1)[0]
    },
    async report(_job, number, finished) {
      store.reports.push({ number, finished })
      there()
      return store.standing
    },
    async end(_job, state) {
      there()
      store.ends.push(state)
      return 'ok'
    },
    async release() {
      there()
      store.releases++
      return 'ok'
    },
  }
  return store
}

/** Lets everything go on that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}
