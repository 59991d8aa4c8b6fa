import { afterAll, beforeAll, expect, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import { unitsOf } from '../../shared/units.ts'
import { slowly } from '../fixtures/pace.ts'
import { ask, inWords, PROMPT, story } from './client.ts'
import type { EdgeProcess } from './edge.ts'
import { type HostRun, startChatHost } from './host.ts'
import { addRows } from './table.ts'
import { chatModel, describeWithRedis, type LedgerRow, startWorld, unitsIn, type World } from './world.ts'

const TO_HOST = ['request in', 'before keys', 'after keys', 'before reserve', 'after reserve', 'before host']
const TO_CLIENT = ['after host', 'answer begun', 'opening', 'token']
const SETTLING = ['before settle', 'after settle', 'all done']

/** Every way of a request through the edge, with all the steps that it has there, and those at which an edge dies. */
const WAYS = {
  streamed: {
    body: story(true),
    leaveAfter: Infinity,
    steps: [...TO_HOST, ...TO_CLIENT, 'finish', 'usage', 'done', ...SETTLING],
    from: 'request in',
    changed: {},
  },
  whole: {
    body: story(false),
    leaveAfter: Infinity,
    steps: [...TO_HOST, 'host at work', 'after host', 'body', 'answer begun', ...SETTLING],
    from: 'before host',
    changed: {},
  },
  'passed on': {
    body: story(true),
    leaveAfter: Infinity,
    steps: [...TO_HOST, ...TO_CLIENT, 'finish', 'done', 'before ask', 'after ask', 'body', ...SETTLING],
    from: 'before ask',
    changed: { HOSTS: 'one' },
  },
  'client left': {
    // So long that, slowed down, the edge hears of it before the end.
    body: story(true, 500),
    leaveAfter: 2,
    steps: [...TO_HOST, ...TO_CLIENT, 'before cancel', 'after cancel', 'body', ...SETTLING],
    from: 'before cancel',
    changed: {},
  },
}
type Way = keyof typeof WAYS
const NAMES = Object.keys(WAYS) as Way[]

/** Where the host, which is slowed down there lest it be faster than the edge, must have been cut off in the middle. */
function isInTheMiddle({ way, at }: Pick<Death, 'way' | 'at'>): boolean {
  return way === 'client left' || ['host at work', 'opening', 'first token'].includes(at.name)
}

const isAlone = ({ at }: Pick<Death, 'at'>) => at.name === 'host at work'

/** One edge's death. */
type Death = {
  way: Way
  /** The step, and which of several of that name. */
  at: { step: string; nth: number; name: string }
  /** What had to be charged by then: nothing was held yet, the hold since nobody reported, or what was used. */
  owes: 'nothing' | 'hold' | 'use'
  account: string
  client: string
  held: number
  leases: number
  /** The request of another edge that the same account was served while all that lay open. */
  served: string | undefined
}

describeWithRedis('an edge that is killed at a step of a request', () => {
  let world: World
  /** One that no other file asks: while it is slowed down, others' whole answers would teach it to refuse such long ones. */
  let host: Awaited<ReturnType<typeof startChatHost>>
  const runs = new Map<string, HostRun>()
  let survivor: EdgeProcess
  const taken = new Map<Way, string[]>()
  /** The account of the stream that nothing disturbed. */
  let sound = ''
  const deaths: Death[] = []
  let rows: LedgerRow[] = []

  beforeAll(async () => {
    host = await startChatHost((run) => runs.set(run.id, run))
    world = await startWorld()
    // The first of all brings Redis its scripts, which is a step that no other has.
    survivor = await world.startEdge({ host: host.address })
    const over = survivor.reached('all done')
    await request('whole', survivor, 'first')
    await over
  })
  afterAll(async () => {
    await world?.stop()
    await host?.stop()
  })

  async function request(way: Way, edge: EdgeProcess, name: string) {
    const { token, account } = await world.newUser(name)
    const { body, leaveAfter } = WAYS[way]
    return { token, account, seen: await ask({ url: edge.url, token, body, leaveAfter }) }
  }

  it.each(NAMES)('knows every step of a request: %s', async (way) => {
    const edge = await world.startEdge({ host: host.address, changed: WAYS[way].changed })
    const over = edge.reached('all done')
    const undisturbed = async () => {
      const { account } = await request(way, edge, `sound ${way}`)
      if (way === 'streamed') sound = account
      await over
    }
    await (way === 'client left' ? slowly(host.address.pace, undisturbed) : undisturbed())
    await edge.stop()
    taken.set(way, edge.steps)
    expect([...new Set(edge.steps)].toSorted()).toEqual(WAYS[way].steps.toSorted())
  })

  // Some forty processes start and die here, which takes minutes where other suites run beside it.
  it('dies at each of them, and another edge serves the same account at once', async ({ signal }) => {
    // A second try begins anew.
    deaths.length = 0
    const queue = NAMES.flatMap((way) =>
      placesOf(way, taken.get(way) ?? []).map((place) => ({ way, ...place })),
    )
    expect(queue.length).toBeGreaterThan(30)
    await slowly(host.address.pace, async () => {
      // That the host is at work, it says of any request. So whoever waits for that dies while it has no other.
      await dieAtEach(queue.filter(isAlone), signal, 1)
      await dieAtEach(
        queue.filter((each) => isInTheMiddle(each) && !isAlone(each)),
        signal,
      )
    })
    await dieAtEach(
      queue.filter((each) => !isInTheMiddle(each)),
      signal,
    )
    // In the table as in the queue.
    deaths.sort((a, b) => placeOf(a) - placeOf(b))
    function placeOf({ way, at }: Pick<Death, 'way' | 'at'>) {
      return queue.findIndex((each) => each.way === way && each.at.name === at.name)
    }
  }, 600_000)

  async function dieAtEach(
    places: Pick<Death, 'way' | 'at' | 'owes'>[],
    signal: AbortSignal,
    atOnce = 2,
  ): Promise<void> {
    const left = [...places]
    const dieOne = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        signal.throwIfAborted()
        deaths.push(await die(next))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, dieOne))
  }

  async function die({ way, at, owes }: Pick<Death, 'way' | 'at' | 'owes'>): Promise<Death> {
    const edge = await world.startEdge({ host: host.address, changed: WAYS[way].changed })
    edge.arm({ at: at.step, nth: at.nth, act: 'kill' })
    const { token, account, seen } = await request(way, edge, `${way} ${at.name}`)
    expect(await edge.ended, `${way}, ${at.name}`).toBe('SIGKILL')
    if (way === 'client left') expect(seen, at.name).toMatchObject({ status: 200, whole: false })
    const { held, leases } = await world.spending(account)
    const { status, requestId } = await ask({ url: survivor.url, token, body: story(false, 1) })
    const client = way === 'client left' ? 'had left' : inWords(seen)
    expect(status, `after ${way}, ${at.name}`).toBe(200)
    return { way, at, owes, account, client, held, leases, served: requestId }
  }

  it('leaves what the step calls for in counters and ledger, once the leases have ended', async () => {
    await world.recovered(survivor)
    rows = await world.ledger()
    const all = await Promise.all(
      deaths.map(async (death) => {
        const own = await world.ledger(death.account)
        const { used, held, leases } = await world.spending(death.account)
        const [event, ...more] = own.filter(({ requestId }) => requestId !== death.served)
        return { ...death, own, used, heldInTheEnd: held, leasesInTheEnd: leases, event, more }
      }),
    )
    await addRows(
      ...all.map(({ way, at, client, held, used, own, served }) => {
        // What the other edge served the account is left out on both sides.
        const others = unitsIn(own.filter(({ requestId }) => requestId === served))
        const figures = { held, charged: used - others, ledger: unitsIn(own) - others, lost: 0 }
        return { fault: `edge killed, ${way}`, where: at.name, client, ...figures }
      }),
    )

    const [undisturbed] = await world.ledger(sound)
    expect(undisturbed).toMatchObject({ outcome: 'ok' })
    for (const death of all) {
      const hold = worstCase(chatModel, [PROMPT], WAYS[death.way].body.max_tokens).units
      const name = `${death.way}, ${death.at.name}`
      expect(death.used, name).toBe(unitsIn(death.own))
      expect([death.heldInTheEnd, death.leasesInTheEnd], name).toEqual([0, 0])
      expect([death.held, death.leases], name).toEqual(death.owes === 'hold' ? [hold, 1] : [0, 0])
      expect(death.own.filter(({ requestId }) => requestId === death.served).length, name).toBe(1)
      expect(death.more, name).toEqual([])
      if (death.owes === 'nothing') expect(death.event, name).toBeUndefined()
      if (death.owes === 'hold')
        expect(death.event, name).toMatchObject({ kind: 'charge', outcome: 'unsettled', units: hold })
      if (death.owes === 'use') {
        const left = death.way === 'client left'
        expect(death.event, name).toMatchObject({ kind: 'charge', outcome: left ? 'cancelled' : 'ok' })
        if (!left) expect(death.event?.units, name).toBe(undisturbed?.units)
      }
    }
  })

  it('leaves no host computing, and what it computed is known', () => {
    for (const { way, at, account } of deaths) {
      const name = `${way}, ${at.name}`
      for (const { requestId, outcome, units } of rows.filter(({ account: of }) => of === account)) {
        const run = runs.get(requestId)
        if (outcome !== 'unsettled') expect(unitsOf(chatModel.prices, run ?? NEVER), name).toBe(units)
        else {
          const { steps } = WAYS[way]
          const called = steps.indexOf(at.step) > steps.indexOf('before host')
          expect(run !== undefined, name).toBe(called)
          if (isInTheMiddle({ way, at }))
            expect(run?.outputTokens, name).toBeLessThan(WAYS[way].body.max_tokens)
        }
      }
    }
  })

  it('leaves the project and every account with equal numbers', async () => {
    expect(await world.spending()).toEqual({ used: unitsIn(rows), held: 0, leases: 0 })
    expect(new Set(rows.map(({ requestId }) => requestId)).size).toBe(rows.length)
    expect(await world.deadLetters()).toBe(0)
    expect(await world.overLimit()).toEqual([])
    expect((await world.reconcile()).differences).toEqual([])
  })
})

const NEVER = { promptTokens: 0, outputTokens: 0 }

/** Where an edge dies: at each step once, and at the first token, one in the middle and the last. */
function placesOf(way: Way, taken: readonly string[]): Pick<Death, 'at' | 'owes'>[] {
  const { steps, from } = WAYS[way]
  return steps.slice(steps.indexOf(from)).flatMap((step) => {
    const isBefore = (other: string) => taken.indexOf(step) < taken.indexOf(other)
    const owes = isBefore('after reserve') ? 'nothing' : isBefore('after settle') ? 'hold' : 'use'
    const times = taken.filter((each) => each === step).length
    if (times === 1) return [{ at: { step, nth: 1, name: step }, owes }]
    return [
      { at: { step, nth: 1, name: `first ${step}` }, owes },
      { at: { step, nth: Math.ceil(times / 2), name: `${step} ${Math.ceil(times / 2)} of ${times}` }, owes },
      { at: { step, nth: times, name: `last ${step}` }, owes },
    ]
  })
}
