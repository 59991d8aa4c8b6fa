import type { StubCounts } from '../upstream/stub.ts'

/** Model calls that are counted. */
const COUNTED = 400

type Counts = { requests: number; commands: number; host: number }

/** What one model call takes: HTTP requests and commands to Redis, calls of the host. */
export type PerCall = Counts

type Options = {
  /** Asks the edge so many times; resolves with how many of them were answered. */
  ask: (requests: number) => Promise<number>
  redis: { url: string; token: string }
  stubUrl: string
}

/** Counts what one model call takes; nothing is timed. */
export async function countedPerCall({ ask, redis, stubUrl }: Options): Promise<PerCall> {
  async function counts(): Promise<Counts> {
    const json = async (url: string) =>
      (await fetch(url, { headers: { authorization: `Bearer ${redis.token}` } })).json()
    const { requests, commands } = (await json(`${redis.url}/twohop/stats`)) as Omit<Counts, 'host'>
    const { answers, streams, questions } = (await json(`${stubUrl}/counts`)) as StubCounts
    return { requests, commands, host: answers + streams + questions }
  }
  const before = await counts()
  const ok = await ask(COUNTED)
  // Settlements are off the response path: wait for the last of them, at most 2 s.
  let after = await counts()
  for (let tries = 0; tries < 20 && after.commands - before.commands < ok * 2; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    after = await counts()
  }
  const perCall = (of: keyof Counts) => Math.round(((after[of] - before[of]) / ok) * 100) / 100
  return { requests: perCall('requests'), commands: perCall('commands'), host: perCall('host') }
}
