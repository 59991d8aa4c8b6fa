import type { Api } from '../api/api.ts'
import { NotServed } from '../api/refused.ts'
import { Requests, Usage } from '../api/shapes.ts'

/** Milliseconds between looks at what a request cost: it is settled off the way of its answer. */
const WAITS = [150, 300, 600, 1200]

export type Cost = {
  /** The units of this month so far, to compare with. @throws Refused as any call */
  before: () => Promise<number>
  /**
   * The units that a request cost. Where the edge has no list of requests, what the month's counter grew by, which counts
   * other requests of the same time too.
   * @returns undefined where it is not known yet
   */
  after: (requestId: string, before: number) => Promise<number | undefined>
}

export function createCost(api: Api): Cost {
  const spent = async () => {
    const { units } = await api.ask('/v1/usage', Usage)
    return units.month?.used ?? 0
  }
  async function ofRequest(requestId: string): Promise<number | undefined> {
    const { data } = await api.ask('/v1/usage/requests?limit=50', Requests)
    return data.find(({ id }) => id === requestId)?.units
  }
  async function grown(before: number): Promise<number | undefined> {
    return (await spent()) - before || undefined
  }
  return {
    before: spent,
    async after(requestId, before) {
      let look = () => ofRequest(requestId)
      for (const ms of WAITS) {
        await new Promise((resolve) => setTimeout(resolve, ms))
        const units = await look().catch((error: unknown) => {
          if (!(error instanceof NotServed)) throw error
          look = () => grown(before)
          return look()
        })
        if (units !== undefined) return units
      }
      return undefined
    },
  }
}
