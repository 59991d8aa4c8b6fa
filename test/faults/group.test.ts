import { afterAll, beforeAll, expect, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import { redisServer } from '../fixtures/redis-server.ts'
import { ask, askUntilDone, inWords, PROMPT, type Seen, story, TOKENS } from './client.ts'
import type { EdgeProcess } from './edge.ts'
import { addRows } from './table.ts'
import { chatModel, describeWithRedis, eventually, startWorld, sum, unitsIn, type World } from './world.ts'

const HOLD = worstCase(chatModel, [PROMPT], TOKENS).units
/**
 * How long Redis is waited for, in milliseconds, which is how long a request waits for a settlement that another one has sent for
 * it. Both requests must have their reservations by then, on a busy machine too.
 */
const REDIS_MS = { settle: 4000, ask: 30_000 }

let world: World
let survivor: EdgeProcess
beforeAll(async () => {
  if (!redisServer) return
  world = await startWorld({ keeps: true })
  survivor = await world.startEdge()
  const { token } = await world.newUser('first')
  await askUntilDone(survivor, token, story(false))
})
afterAll(() => world?.stop())

type Kind = 'settle' | 'ask'
type Case = { name: string; at: string; act: 'kill' | 'wait'; until: (edge: EdgeProcess) => Promise<void> }

/** What had become of two requests when their edge was gone, and what has to become of them once their leases have ended. */
type Gone = {
  kind: Kind
  name: string
  accounts: string[]
  client: string
  held: number[]
  outcomes: string[]
}

/** By kind and name: of a case that was tried again, the last try. */
const gone = new Map<string, Gone>()

/**
 * Two requests of two users that end in one turn, so that one of them sends the settlements of both, or asks the host what
 * both streams were. A fault hits that at its first `at`; then it is seen through by `until`, and the edge killed.
 * @param outcomes of both in the ledger, in the end
 */
async function twoOf(kind: Kind, { name, at, act, until }: Case, outcomes: string[]) {
  const hosts = kind === 'settle' ? 'several' : 'one'
  const edge = await world.startEdge({ changed: { REDIS_TIMEOUT_MS: String(REDIS_MS[kind]), HOSTS: hosts } })
  await warm(edge)
  const users = await Promise.all([world.newUser(`${kind} ${name} 1`), world.newUser(`${kind} ${name} 2`)])
  edge.meet('done', users.length)
  edge.arm({ at, nth: 1, act })
  const asking = users.map(({ token }) => ask({ url: edge.url, token, body: story(true) }))
  await Promise.race([until(edge), refused(asking)])
  await edge.stop()
  const seen = await Promise.all(asking)
  const accounts = users.map(({ account }) => account)
  const spending = await Promise.all(accounts.map((account) => world.spending(account)))
  const held = spending.map((one) => one.held).toSorted((a, b) => a - b)
  const client = [...new Set(seen.map(inWords))].join('; ')
  gone.set(`${kind} ${name}`, { kind, name, accounts, client, held, outcomes })
  return { edge, seen, held }
}

/** Lets an edge that has just started do all of it once: its first request is its slowest. */
async function warm(edge: EdgeProcess): Promise<void> {
  const { token } = await world.newUser(`warm ${edge.url}`)
  await eventually(async () => (await askUntilDone(edge, token, story(true, 1))).status === 200)
  edge.steps.length = 0
  edge.settled.clear()
}

/** Fails as soon as a request is refused, which no other one waits for then. */
async function refused(asking: readonly Promise<Seen>[]): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const seen of asking)
    void seen.then((one) => {
      if (one.status !== 200) reject(new Error(`a request was refused: ${inWords(one)}`))
    }, reject)
  return promise
}

const dies = async (edge: EdgeProcess) => {
  expect(await edge.ended).toBe('SIGKILL')
}

describeWithRedis('settlements of two requests that are sent by one of them', () => {
  it('are both lost with an edge that dies before it sends them', async () => {
    const { seen, held } = await twoOf(
      'settle',
      { name: 'queued, not sent', at: 'before settle', act: 'kill', until: dies },
      ['unsettled', 'unsettled'],
    )
    expect(seen.map(({ status }) => status)).toEqual([200, 200])
    expect(held).toEqual([HOLD, HOLD])
  })

  it('are both made where it dies before the answer comes', async () => {
    const { held } = await twoOf(
      'settle',
      { name: 'sent, not answered', at: 'after settle', act: 'kill', until: dies },
      ['ok', 'ok'],
    )
    expect(held).toEqual([0, 0])
  })

  it('are not both lost with the one that was to send them: the other sends its own', async () => {
    const { edge, held } = await twoOf(
      'settle',
      { name: 'the sender gone, not sent', at: 'before settle', act: 'wait', until: settledOne },
      ['ok', 'unsettled'],
    )
    expect(edge.settled.size).toBe(1)
    expect(held).toEqual([0, HOLD])
  })

  it('are sent again by the other where the sender is gone with the answer', async () => {
    const { edge, held } = await twoOf(
      'settle',
      { name: 'the sender gone, sent', at: 'after settle', act: 'wait', until: settledOne },
      ['ok', 'ok'],
    )
    expect(edge.steps.filter((step) => step === 'before settle')).toHaveLength(2)
    expect(held).toEqual([0, 0])
  })
})

describeWithRedis('streams of two requests that one of them asks the host about', () => {
  it.each([
    ['queued, not asked', 'before ask'],
    ['asked, no answer', 'after ask'],
  ])('are both held where the edge dies: %s', async (name, at) => {
    const { seen, held } = await twoOf('ask', { name, at, act: 'kill', until: dies }, [
      'unsettled',
      'unsettled',
    ])
    expect(seen.map(({ status, whole }) => [status, whole])).toEqual([
      [200, true],
      [200, true],
    ])
    expect(held).toEqual([HOLD, HOLD])
  })

  it.each([
    ['the one who asks gone, not asked', 'before ask'],
    ['the one who asks gone, asked', 'after ask'],
  ])('are not both lost with the one that was to ask: %s', async (name, at) => {
    const { edge, held } = await twoOf('ask', { name, at, act: 'wait', until: settledOne }, [
      'ok',
      'unsettled',
    ])
    expect(edge.steps.filter((step) => step === 'before ask')).toHaveLength(2)
    expect(edge.settled.size).toBe(1)
    expect(held).toEqual([0, HOLD])
  })
})

// All in one wait for the leases, which are ten seconds long.
describeWithRedis('what two requests held when their edge was gone', () => {
  it('is charged once their leases have ended; what was settled counts once, by its use', async () => {
    expect(gone.size).toBe(8)
    await world.recovered(survivor)
    for (const { kind, name, accounts, client, held, outcomes } of gone.values()) {
      const ends = await Promise.all(
        accounts.map(async (account) => ({
          ...(await world.spending(account)),
          rows: await world.ledger(account),
        })),
      )
      const rows = ends.flatMap((end) => end.rows)
      await addRows({
        fault: `edge killed, two ${kind} at once`,
        where: name,
        client,
        held: sum(held),
        charged: sum(ends.map(({ used }) => used)),
        ledger: unitsIn(rows),
        lost: 0,
      })
      for (const end of ends) {
        expect(unitsIn(end.rows), name).toBe(end.used)
        expect([end.rows.length, end.held, end.leases], name).toEqual([1, 0, 0])
      }
      expect(rows.map(({ outcome }) => outcome).toSorted(), name).toEqual(outcomes)
      const okUnits = new Set(rows.flatMap(({ outcome, units }) => (outcome === 'ok' ? [units] : [])))
      for (const { outcome, units } of rows)
        if (outcome === 'unsettled') expect(units, name).toBe(HOLD)
        else expect(units, name).toBeLessThan(HOLD)
      expect(okUnits.size, name).toBe(outcomes.includes('ok') ? 1 : 0)
    }
    expect(await world.deadLetters()).toBe(0)
    expect((await world.reconcile()).differences).toEqual([])
  })
})

/** The sender never goes on; the other request has its own settlement made. */
async function settledOne(edge: EdgeProcess): Promise<void> {
  await edge.waiting()
  await eventually(async () => edge.settled.size === 1)
}
