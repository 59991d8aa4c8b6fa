import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import { startEmbeddedRedis } from '../../local/redis/embedded.ts'
import { startRestFront } from '../../local/redis/rest.ts'
import { SETTINGS, type Setting, settlementOf } from './requests.ts'

/** The REST front of a Redis, as the edge calls it. */
export type Front = { url: string; token: string }

/** HTTP requests and Redis commands of one model call: counts, so other work on the machine does not change them. */
export type Counted = { requests: number; commands: number }

/** HTTP requests and Redis commands of one model call: the front's counts over 20 calls, divided by 20. */
export async function counted({ url, token }: Front, setting: Setting): Promise<Counted> {
  const stats = async () => {
    const answer = await fetch(`${url}/twohop/stats`, { headers: { authorization: `Bearer ${token}` } })
    return (await answer.json()) as { requests: number; commands: number }
  }
  const budget = createUpstashBudget({ url, token, project: setting.project })
  const calls = 20
  const before = await stats()
  for (let n = 0; n < calls; n++) {
    const request = setting.request(n)
    const decision = await budget.reserve(request)
    if (!decision.granted) throw new Error(`the budget refused: ${decision.code}`)
    await budget.settle(settlementOf(request))
  }
  const after = await stats()
  return {
    requests: (after.requests - before.requests) / calls,
    commands: (after.commands - before.commands) / calls,
  }
}

/** The same on the embedded Redis: the only part of the benchmark for a machine without redis-server. */
export async function countedWithoutRedis(
  progress: (line: string) => void,
): Promise<({ name: string } & Counted)[]> {
  const cases: ({ name: string } & Counted)[] = []
  for (const setting of SETTINGS) {
    progress(`counting requests and commands: ${setting.name}`)
    const token = crypto.randomUUID()
    const { url, stop } = await startRestFront({ store: startEmbeddedRedis(), token })
    try {
      await setting.prepare({ url, token })
      // The first calls also send the scripts' texts.
      await counted({ url, token }, setting)
      cases.push({ name: setting.name, ...(await counted({ url, token }, setting)) })
    } finally {
      await stop()
    }
  }
  return cases
}
