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

type Kind = 'settle' | 'ask'
type Case = { name: string; at: string; act: 'kill' | 'wait'; until: (edge: EdgeProcess) => Promise<void> }

/**
 * Two requests of two users that end in one turn, so that one of them sends the settlements of both, or asks the host what
 * both streams were. A fault hits that at its first `at`; then it is seen through by `until`, and the edge killed.
 */
async function twoOf(kind: Kind, { name, at, act, until }: Case) {
  const hosts = kind === 'settle' ? 'several' : 'one'
  const edge = await world.startEdge({ changed: { REDIS_TIMEOUT_MS: String(REPLY_MS), HOSTS: hosts } })
  const users = await Promise.all([world.newUser(`${kind} ${name} 1`), world.newUser(`${kind} ${name} 2`)])
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
    fault: `edge killed, two ${kind} at once`,
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
    const { seen, held, rows } = await twoOf('settle', {
      name: 'queued, not sent',
      at: 'before settle',
      act: 'kill',
      until: dies,
    })
    expect(seen.map(({ status }) => status)).toEqual([200, 200])
    expect(held).toEqual([HOLD, HOLD])
    expect(outcomes(rows)).toEqual(['unsettled', 'unsettled'])
    expect(unitsIn(rows)).toBe(2 * HOLD)
  })

  it('are both made where it dies before the answer comes', async () => {
    const { held, rows } = await twoOf('settle', {
      name: 'sent, not answered',
      at: 'after settle',
      act: 'kill',
      until: dies,
    })
    expect(held).toEqual([0, 0])
    expect(outcomes(rows)).toEqual(['ok', 'ok'])
    expect(rows[0]?.units).toBe(rows[1]?.units)
    expect(unitsIn(rows)).toBeLessThan(2 * HOLD)
  })

  it('are not both lost with the one that was to send them: the other sends its own', async () => {
    const { edge, held, rows } = await twoOf('settle', {
      name: 'the sender gone, not sent',
      at: 'before settle',
      act: 'wait',
      until: settledOne,
    })
    expect(edge.settled.size).toBe(1)
    expect(held).toEqual([0, HOLD])
    expect(outcomes(rows)).toEqual(['ok', 'unsettled'])
  })

  it('count once where the sender is gone with the answer, and the other sends its own again', async () => {
    const { edge, held, rows } = await twoOf('settle', {
      name: 'the sender gone, sent',
      at: 'after settle',
      act: 'wait',
      until: settledOne,
    })
    expect(edge.steps.filter((step) => step === 'before settle')).toHaveLength(2)
    expect(held).toEqual([0, 0])
    expect(outcomes(rows)).toEqual(['ok', 'ok'])
    expect(rows[0]?.units).toBe(rows[1]?.units)
  })
})

describeWithRedis('streams of two requests that one of them asks the host about', () => {
  it.each([
    ['queued, not asked', 'before ask'],
    ['asked, no answer', 'after ask'],
  ])('are both charged as held where the edge dies: %s', async (name, at) => {
    const { seen, held, rows } = await twoOf('ask', { name, at, act: 'kill', until: dies })
    expect(seen.map(({ status, whole }) => [status, whole])).toEqual([
      [200, true],
      [200, true],
    ])
    expect(held).toEqual([HOLD, HOLD])
    expect(outcomes(rows)).toEqual(['unsettled', 'unsettled'])
    expect(unitsIn(rows)).toBe(2 * HOLD)
  })

  it.each([
    ['the one who asks gone, not asked', 'before ask'],
    ['the one who asks gone, asked', 'after ask'],
  ])('are not both lost with the one that was to ask: %s', async (name, at) => {
    const { edge, held, rows } = await twoOf('ask', { name, at, act: 'wait', until: settledOne })
    expect(edge.steps.filter((step) => step === 'before ask')).toHaveLength(2)
    expect(edge.settled.size).toBe(1)
    expect(held).toEqual([0, HOLD])
    expect(outcomes(rows)).toEqual(['ok', 'unsettled'])
    const [own] = rows.filter(({ outcome }) => outcome === 'ok')
    expect(own?.units).toBeLessThan(HOLD)
  })
})

/** The sender never goes on; the other request has its own settlement made. */
async function settledOne(edge: EdgeProcess): Promise<void> {
  await edge.waiting()
  await eventually(async () => edge.settled.size === 1)
}
