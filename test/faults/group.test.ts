import { afterAll, beforeAll, expect, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import { redisServer } from '../fixtures/redis-server.ts'
import { ask, inWords, PROMPT, story, TOKENS } from './client.ts'
import type { EdgeProcess } from './edge.ts'
import { addRows } from './table.ts'
import { chatModel, describeWithRedis, eventually, startWorld, sum, unitsIn, type World } from './world.ts'

const HOLD = worstCase(chatModel, [PROMPT], TOKENS).units
/** How long a request waits for what another one has sent for it, in milliseconds. */
const REPLY_MS = 400

let world: World
let survivor: EdgeProcess
beforeAll(async () => {
  if (!redisServer) return
  world = await startWorld({ keeps: true })
  survivor = await world.startEdge()
  const { token } = await world.newUser('first')
  const over = survivor.reached('all done')
  await ask({ url: survivor.url, token, body: story(false) })
  await over
})
afterAll(() => world?.stop())

/**
 * Two requests of two users that end in one turn, so that one of them sends the settlements of both. A fault hits that at
 * its first `at`; then it is seen through by `until`, and the edge killed.
 */
async function twoOf(
  name: string,
  at: string,
  act: 'kill' | 'wait',
  until: (edge: EdgeProcess) => Promise<void>,
) {
  const edge = await world.startEdge({ changed: { REDIS_TIMEOUT_MS: String(REPLY_MS) } })
  const users = await Promise.all([world.newUser(`${name} 1`), world.newUser(`${name} 2`)])
  edge.meet('done', users.length)
  edge.arm({ at, nth: 1, act })
  const asking = users.map(({ token }) => ask({ url: edge.url, token, body: story(true) }))
  await until(edge)
  await edge.stop()
  const seen = await Promise.all(asking)
  const held = await Promise.all(users.map(({ account }) => world.spending(account)))
  await world.recovered(survivor)
  const ends = await Promise.all(
    users.map(async ({ account }) => ({
      ...(await world.spending(account)),
      rows: await world.ledger(account),
    })),
  )
  const rows = ends.flatMap((end) => end.rows)
  await addRows({
    fault: 'edge killed, two settle at once',
    where: name,
    client: [...new Set(seen.map(inWords))].join('; '),
    held: sum(held.map((one) => one.held)),
    charged: sum(ends.map(({ used }) => used)),
    ledger: unitsIn(rows),
    lost: 0,
  })
  for (const end of ends) {
    expect(unitsIn(end.rows)).toBe(end.used)
    expect([end.rows.length, end.held, end.leases]).toEqual([1, 0, 0])
  }
  expect(await world.deadLetters()).toBe(0)
  expect((await world.reconcile()).differences).toEqual([])
  return { edge, seen, held: held.map((one) => one.held).toSorted(), rows }
}

const outcomes = (rows: { outcome: string }[]) => rows.map(({ outcome }) => outcome).toSorted()
const dies = async (edge: EdgeProcess) => {
  expect(await edge.ended).toBe('SIGKILL')
}

describeWithRedis('settlements of two requests that are sent by one of them', () => {
  it('are both lost with an edge that dies before it sends them: both holds are charged', async () => {
    const { seen, held, rows } = await twoOf('queued, not sent', 'before settle', 'kill', dies)
    expect(seen.map(({ status }) => status)).toEqual([200, 200])
    expect(held).toEqual([HOLD, HOLD])
    expect(outcomes(rows)).toEqual(['unsettled', 'unsettled'])
    expect(unitsIn(rows)).toBe(2 * HOLD)
  })

  it('are both made where it dies before the answer comes', async () => {
    const { held, rows } = await twoOf('sent, not answered', 'after settle', 'kill', dies)
    expect(held).toEqual([0, 0])
    expect(outcomes(rows)).toEqual(['ok', 'ok'])
    expect(rows[0]?.units).toBe(rows[1]?.units)
    expect(unitsIn(rows)).toBeLessThan(2 * HOLD)
  })

  it('are not both lost with the one that was to send them: the other sends its own', async () => {
    const { edge, held, rows } = await twoOf('the sender gone, not sent', 'before settle', 'wait', settledOne)
    expect(edge.settled.size).toBe(1)
    expect(held).toEqual([0, HOLD])
    expect(outcomes(rows)).toEqual(['ok', 'unsettled'])
  })

  it('count once where the sender is gone with the answer, and the other sends its own again', async () => {
    const { edge, held, rows } = await twoOf('the sender gone, sent', 'after settle', 'wait', settledOne)
    expect(edge.steps.filter((step) => step === 'before settle')).toHaveLength(2)
    expect(held).toEqual([0, 0])
    expect(outcomes(rows)).toEqual(['ok', 'ok'])
    expect(rows[0]?.units).toBe(rows[1]?.units)
  })
})

/** The sender never goes on; the other request has its own settlement made. */
async function settledOne(edge: EdgeProcess): Promise<void> {
  await edge.waiting()
  await eventually(async () => edge.settled.size === 1)
}
