import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { unitsOf } from '../../shared/units.ts'
import { ask, type Seen, story } from './client.ts'
import type { EdgeProcess } from './edge.ts'
import { addRows } from './table.ts'
import {
  chatModel,
  describeWithRedis,
  eventually,
  hostRuns,
  startWorld,
  unitsIn,
  type World,
} from './world.ts'

const REQUESTS = 200
const AT_ONCE = 8
/** After how many requests the ledger is written, as it is every minute, and after how many Redis dies. */
const DRAINED_AT = 60
const KILLED_AT = 110
/** How long Redis is away. A settlement that fails is tried again after 100 and 400 ms. */
const AWAY_MS = 200

const DAY = 86_400_000
/** How long the longest of these tests takes on a busy machine. */
const LONGEST_MS = 60_000

/** A short answer. */
const chat = (stream: boolean) => story(stream, 8)

/** What a run through the death of a Redis has left. */
type Ran = {
  seen: Seen[]
  /** Units held when Redis died. */
  held: number
  /** Requests that were in the ledger then, and those whose settlement Redis had acknowledged. */
  drained: Set<string>
  settledBefore: Set<string>
}

/** Eight clients ask again and again; in the middle Redis is killed and started again. */
async function runThrough(world: World, edge: EdgeProcess): Promise<Ran> {
  const users = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => world.newUser(`client ${n}`)))
  const seen: Seen[] = []
  let begun = 0
  let drained: Promise<void> | undefined
  let death: Promise<Omit<Ran, 'seen'>> | undefined
  await Promise.all(
    users.map(async ({ token }) => {
      while (begun < REQUESTS) {
        const number = ++begun
        if (number === DRAINED_AT) drained = edge.cron()
        // Nobody goes on meanwhile, lest Redis die in the middle of the drain.
        await drained
        if (number === KILLED_AT) death = dieAndReturn(world, edge)
        seen.push(await ask({ url: edge.url, token, body: chat(number % 2 === 0) }))
      }
    }),
  )
  if (!death) throw new Error('Redis was not killed')
  return { seen, ...(await death) }
}

async function dieAndReturn(world: World, edge: EdgeProcess): Promise<Omit<Ran, 'seen'>> {
  const { held } = await world.spending()
  await world.redis.kill()
  await wait(AWAY_MS)
  const settledBefore = new Set(edge.settled)
  const drained = new Set((await world.ledger()).map(({ requestId }) => requestId))
  await world.redis.start()
  return { held, drained, settledBefore }
}

/** Waits for the last settlement, then for the ends of the leases; sweeps and drains all that there is. */
async function recover(world: World, edge: EdgeProcess): Promise<void> {
  const count = (name: string) => edge.steps.filter((step) => step === name).length
  await eventually(async () => count('all done') === count('request in'))
  await world.recovered(edge)
}

/** Units that the host computed, by request, once it has told of all that were answered. */
async function computed(seen: readonly Seen[]): Promise<Map<string, number>> {
  let units = new Map<string, number>()
  await eventually(async () => {
    units = new Map((await hostRuns()).map((run) => [run.id, unitsOf(chatModel.prices, run)]))
    return answeredIn(seen).every((id) => units.has(id))
  })
  return units
}

/** Ids of the requests that were answered. */
const answeredIn = (seen: readonly Seen[]) =>
  seen.flatMap(({ status, requestId = '' }) => (status === 200 ? [requestId] : []))

const inWords = (seen: readonly Seen[]) => {
  const answered = seen.filter(({ status, whole }) => status === 200 && whole).length
  return `${answered} answered, ${seen.length - answered} refused with 503`
}

/** Everybody was answered whole, or refused because nothing could be checked. */
function expectAnsweredOrRefused(seen: readonly Seen[]): void {
  expect(seen).toHaveLength(REQUESTS)
  for (const each of seen)
    if (each.status === 200) expect(each).toMatchObject({ whole: true, code: undefined })
    else expect(each).toMatchObject({ status: 503, code: 'store_unavailable' })
  expect(seen.filter(({ status }) => status === 200).length).toBeGreaterThan(REQUESTS / 2)
}

describeWithRedis('a Redis that is killed in the middle and starts again empty', () => {
  let world: World
  let edge: EdgeProcess
  // Anew for each try: what an empty Redis lost once would be missed again.
  beforeEach(async () => {
    // At midnight a budget that is used up opens again.
    const leftMs = DAY - (Date.now() % DAY)
    if (leftMs < LONGEST_MS) await wait(leftMs)
    world = await startWorld()
    edge = await world.startEdge()
  }, LONGEST_MS + 60_000)
  afterEach(() => world?.stop())

  it('costs the events that were not drained yet, to the unit, and gives every budget back its use', async () => {
    const narrow = await world.newUser('narrow', 'narrow')
    const askNarrow = async (through: EdgeProcess) =>
      ask({ url: through.url, token: narrow.token, body: chat(false) })
    while ((await askNarrow(edge)).status === 200);
    await edge.cron()
    const usedUp = (await world.spending(narrow.account)).used

    const ran = await runThrough(world, edge)
    const fresh = await world.startEdge()
    const admitted = await askNarrow(fresh)
    await recover(world, edge)

    const rows = await world.ledger()
    const units = await computed(ran.seen)
    const before = await world.reconcile()
    await world.reconcile('--rebuild')
    const project = await world.spending()
    const afterwards = await askNarrow(await world.startEdge())

    const answered = answeredIn(ran.seen)
    const inLedger = new Set(rows.map(({ requestId }) => requestId))
    const lostIds = answered.filter((id) => !inLedger.has(id))
    const lost = lostIds.reduce((sum, id) => sum + (units.get(id) ?? 0), 0)
    const fault = 'Redis killed, starts empty'
    const where = `${REQUESTS} requests, ${AT_ONCE} at once`
    const { used: narrowUsed } = await world.spending(narrow.account)
    const narrowLedger = unitsIn(await world.ledger(narrow.account))
    await addRows(
      {
        fault,
        where,
        client: inWords(ran.seen),
        held: ran.held,
        charged: project.used,
        ledger: unitsIn(rows),
        lost,
      },
      {
        fault,
        where: 'a budget used up before',
        client: `${admitted.status}, rebuilt: ${afterwards.status} ${afterwards.code}`,
        held: 0,
        charged: narrowUsed,
        ledger: narrowLedger,
        lost: 0,
      },
    )

    expectAnsweredOrRefused(ran.seen)
    expect(rows.length).toBe(inLedger.size)
    for (const { requestId, units: charged } of rows) expect(units.get(requestId) ?? 0).toBe(charged)
    // By design: what had been settled and not yet drained, and nothing else but what ended while Redis was away too
    // long for its settlement, of which nobody was told that it was settled.
    const waiting = [...ran.settledBefore].filter((id) => !ran.drained.has(id))
    const unsettled = answered.filter((id) => !edge.settled.has(id))
    expect(new Set(lostIds)).toEqual(new Set([...waiting, ...unsettled]))
    expect(lost).toBeGreaterThan(0)
    expect(before.differences.length).toBeGreaterThan(AT_ONCE)
    expect(await world.deadLetters()).toBe(0)
    expect((await world.reconcile()).differences).toEqual([])
    expect(project).toEqual({ used: unitsIn(rows), held: 0, leases: 0 })

    expect(usedUp).toBeGreaterThan(0)
    expect(admitted.status).toBe(200)
    expect(afterwards).toMatchObject({ status: 403, code: 'budget_exhausted' })
    expect(narrowUsed).toBe(narrowLedger)
    // Its budget was open for one request more until it was rebuilt.
    for (const key of await world.overLimit()) expect(key).toContain(`twohop:budget:${narrow.account}:`)
  })
})

describeWithRedis('a Redis that is killed in the middle and has its data again', () => {
  let world: World
  let edge: EdgeProcess
  beforeEach(async () => {
    world = await startWorld({ keeps: true })
    edge = await world.startEdge()
  })
  afterEach(() => world?.stop())

  it('costs nothing: each request is in the ledger once, with its use, or its hold where nobody could report', async () => {
    const ran = await runThrough(world, edge)
    await recover(world, edge)
    const rows = await world.ledger()
    const units = await computed(ran.seen)
    const project = await world.spending()
    await addRows({
      fault: 'Redis killed, keeps its log',
      where: `${REQUESTS} requests, ${AT_ONCE} at once`,
      client: inWords(ran.seen),
      held: ran.held,
      charged: project.used,
      ledger: unitsIn(rows),
      lost: 0,
    })

    expectAnsweredOrRefused(ran.seen)
    const byId = new Map(rows.map((row) => [row.requestId, row]))
    expect(byId.size).toBe(rows.length)
    for (const { status, requestId = '' } of ran.seen)
      if (status === 200) expect(byId.has(requestId)).toBe(true)
    for (const { requestId, outcome, units: charged, reserved } of rows)
      expect(charged).toBe(outcome === 'unsettled' ? reserved : (units.get(requestId) ?? 0))
    expect(project).toEqual({ used: unitsIn(rows), held: 0, leases: 0 })
    expect(await world.overLimit()).toEqual([])
    expect(await world.deadLetters()).toBe(0)
    expect((await world.reconcile()).differences).toEqual([])
  })
})
