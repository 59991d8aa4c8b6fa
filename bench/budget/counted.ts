import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import { startEmbeddedRedis } from '../../local/redis/embedded.ts'
import { startRestFront } from '../../local/redis/rest.ts'
import { SETTINGS, type Setting, settlementOf } from './requests.ts'

/** A Redis behind the REST calls that the edge makes. */
export type Front = { url: string; token: string }

/** What one model call makes: counted, so that no other work on the machine changes it. */
export type Counted = { requests: number; commands: number }

/** HTTP requests and Redis commands of one model call, counted by the front over 20 of them. */
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

/** The same on the Redis in this process, for a machine that has none: all of the benchmark that does not need it. */
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
      // The first calls also bring the scripts.
      await counted({ url, token }, setting)
      cases.push({ name: setting.name, ...(await counted({ url, token }, setting)) })
    } finally {
      await stop()
    }
  }
  return cases
}
