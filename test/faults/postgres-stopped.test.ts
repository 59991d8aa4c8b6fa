import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import { createDrain } from '../../edge/ledger/drain.ts'
import { createSupabaseLedger } from '../../edge/ledger/supabase.ts'
import { createUpstashStream } from '../../edge/ledger/upstash.ts'
import { ask } from './client.ts'
import { DRAIN } from './processes.ts'
import type { Fault, StepMessage } from './steps.ts'
import { addRows } from './table.ts'
import { describeWithRedis, eventually, startWorld, unitsIn, type World } from './world.ts'

const EVENTS = 3000
const ACCOUNTS = 20
const AT_ONCE = 100

/** Before Postgres stands still, to begin with. */
const EARLIER = 100

const aroundEach = (names: readonly string[]) => names.flatMap((name) => [`before ${name}`, `after ${name}`])
/** Once in the life of a stream. */
const FIRST = aroundEach(['xgroup'])
/** What each drain does, of events and then of acts; it dies before and after each. */
const STEPS = aroundEach([
  ...['read unfinished', 'read', 'record_usage_events', 'finish_events', 'xlen', 'xpending'],
])

const plenty = 1_000_000_000
const limits = {
  requestsPerMinute: plenty,
  concurrent: plenty,
  budgets: { minute: plenty, day: plenty, month: plenty },
}

describeWithRedis('a Postgres that stands still while thousands of requests are settled', () => {
  let world: World
  /** Ids of all requests in the order in which they were settled. */
  let arrived: string[] = []
  let drain: ReturnType<typeof createDrain>
  /** Each try has a world of its own: it counts all that happened in it. */
  async function begin(): Promise<void> {
    world = await startWorld()
    onTestFinished(() => world.stop())
    killed.length = 0
    const { url, token } = world.redis
    const { url: ledgerUrl, secretKey: key } = world.postgres
    drain = createDrain({
      stream: createUpstashStream({ url, token }),
      // It would wait 10 s for a Postgres that does not answer.
      ledger: createSupabaseLedger({ url: ledgerUrl, key, timeoutMs: 500, fetch }),
      now: Date.now,
    })
  }

  const waiting = async () => {
    const entries = await world.redis.command<[string, string[]][]>('XRANGE', 'twohop:events', '-', '+')
    return entries.map(([, words]) => ({
      requestId: words[words.indexOf('request_id') + 1] ?? '',
      units: Number(words[words.indexOf('units') + 1]),
    }))
  }
  /** Rows of the ledger, and units of all its events and of those on their way to it, each request once. */
  async function known(): Promise<{ ledger: number; units: number }> {
    const rows = await world.ledger()
    const all = new Map(
      [...rows, ...(await waiting())]
        .filter(({ requestId }) => requestId.startsWith('request '))
        .map(({ requestId, units }) => [requestId, units]),
    )
    return { ledger: rows.length, units: [...all.values()].reduce((sum, units) => sum + units, 0) }
  }
  /** What the counters of all accounts say was used. */
  async function charged(): Promise<number> {
    let sum = 0
    for (let n = 0; n < ACCOUNTS; n++) sum += (await world.spending(`account ${n}`)).used
    return sum
  }

  /** Reserves and settles as edges do, a hundred at once. */
  async function spend(count: number, first: number): Promise<void> {
    const { url, token } = world.redis
    const project = { day: plenty, month: plenty }
    const budget = createUpstashBudget({ url, token, project, timeoutMs: 30_000 })
    const one = async (n: number) => {
      const account = `account ${n % ACCOUNTS}`
      const names = { plan: 'free', model: 'tiny-chat', task: 'chat' }
      const requestId = `request ${n}`
      const spender = { account, issuedAt: Math.floor(Date.now() / 1000), plan: 'free' }
      await budget.reserve({ requestId, spender, units: 100, limits, leaseMs: 60_000, ...names })
      const reserved = { account, units: 100, key: '', ...names }
      const used = { units: n % 101, promptTokens: n % 101, outputTokens: 0, computeMs: 1 }
      await budget.settle({ requestId, reserved, ...used, outcome: 'ok' })
    }
    for (let from = first; from < first + count; from += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, (_, n) => one(from + n)))
  }

  const killed: { at: string; signal: string; ledger: number; units: number; used: number }[] = []
  async function killDrain(at: string): Promise<void> {
    const { signal } = await drainOnce({ at, nth: 1, act: 'kill' })
    killed.push({ at, signal, ...(await known()), used: await charged() })
  }

  it('stops nobody, and all that was settled is in the ledger afterwards, though drains die at each step', async () => {
    await begin()
    await knowsEveryStep()
    await stopsNobody()
    await hasThemAll()
  }, 300_000)

  /** Every step of a drain, and those of the first. */
  async function knowsEveryStep(): Promise<void> {
    await spend(EARLIER / 2, 0)
    for (const at of FIRST) await killDrain(at)
    await drainOnce()
    await spend(EARLIER / 2, EARLIER / 2)
    const { code, steps } = await drainOnce()
    expect(code).toBe(0)
    expect([...new Set(steps)].toSorted()).toEqual(STEPS.toSorted())
    arrived = (await world.ledger()).map(({ requestId }) => requestId)
    expect(arrived).toHaveLength(EARLIER)
  }

  /** Requests go on, the backlog and its age rise. */
  async function stopsNobody(): Promise<void> {
    const thaw = await freeze(world.postgres.pid)
    try {
      await spend(EVENTS / 2, EARLIER)
      const half = await drain()
      await spend(EVENTS / 2, EARLIER + EVENTS / 2)
      const full = await drain()
      expect(half).toMatchObject({ recorded: 0, ended: 'ledger_away', backlog: { entries: EVENTS / 2 } })
      expect(full).toMatchObject({ recorded: 0, ended: 'ledger_away', backlog: { entries: EVENTS } })
      expect(half.lagMs).toBeGreaterThan(100)
      expect(full.lagMs).toBeGreaterThan(half.lagMs)

      const edge = await world.startEdge()
      const { token } = await world.newUser('somebody')
      const body = { model: 'twohop-chat', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 }
      for (let n = 0; n < 3; n++) expect((await ask({ url: edge.url, token, body })).status).toBe(200)
      await eventually(async () => (await waiting()).length === EVENTS + 3)
      await edge.stop()
      arrived.push(...(await waiting()).map(({ requestId }) => requestId))
    } finally {
      thaw()
    }
  }

  /** Though the drain is killed at each of its steps. */
  async function hasThemAll(): Promise<void> {
    const crashed = await crash(world)
    for (const at of STEPS) await killDrain(at)
    const { code } = await drainOnce()
    const rows = await world.ledger()
    const own = unitsIn(rows.filter(({ requestId }) => requestId.startsWith('request ')))
    const used = await charged()
    const inAll = `${EVENTS.toLocaleString('en')} requests`
    await addRows(
      {
        fault: 'Postgres frozen',
        where: inAll,
        client: 'all answered',
        held: 0,
        charged: used,
        ledger: own,
        lost: 0,
      },
      {
        fault: 'Postgres crashed',
        where: 'while a batch is recorded',
        client: `the drain ended: ${crashed}`,
        held: 0,
        charged: used,
        ledger: own,
        lost: 0,
      },
      ...killed.map((each) => ({
        fault: 'drain killed',
        where: each.at,
        client: `${each.ledger} in the ledger by then`,
        held: 0,
        charged: each.used,
        ledger: each.units,
        lost: 0,
      })),
    )

    expect(killed.map(({ signal }) => signal)).toEqual([...FIRST, ...STEPS].map(() => 'SIGKILL'))
    expect(code).toBe(0)
    expect(crashed).toBe('ledger_away')
    for (const each of killed) expect(each.units, each.at).toBe(each.used)
    expect(used).toBe(expectedUnits())
    expect(own).toBe(used)
    expect(rows.map(({ requestId }) => requestId)).toEqual(arrived)
    expect(await waiting()).toEqual([])
    expect(await world.deadLetters()).toBe(0)
    expect((await world.reconcile()).differences).toEqual([])
  }

  async function drainOnce(fault: Fault = { at: 'never', nth: 1, act: 'kill' }) {
    const child = fork(DRAIN, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: { PATH: process.env.PATH, ...world.stores },
    })
    const steps: string[] = []
    child.on('message', (message: StepMessage) => void steps.push(message.name))
    child.send({ type: 'fault', fault })
    const [code, signal] = await once(child, 'exit')
    return { code, signal, steps }
  }

  /** Ends a process of Postgres in the middle of a batch, which it takes for a crash: it ends all and recovers. */
  async function crash({ postgres }: World): Promise<string> {
    const { url, token } = world.redis
    const ledger = createSupabaseLedger({ url: postgres.url, key: postgres.secretKey, fetch })
    let batches = 0
    const dying = createDrain({
      stream: createUpstashStream({ url, token }),
      ledger: {
        ...ledger,
        async record(events) {
          // Not the first: that one must be there afterwards.
          if (++batches !== 2) return ledger.record(events)
          await holdTable(postgres)
          const recorded = ledger.record(events)
          recorded.catch(() => {})
          process.kill(await waitingProcess(postgres), 'SIGKILL')
          return recorded
        },
      },
      now: Date.now,
    })
    const before = await processesOf(postgres.pid)
    const { ended } = await dying()
    // It still answers until it has seen that the process is gone; then it ends all of them.
    await eventually(async () => {
      const left = await processesOf(postgres.pid).catch((): number[] => [])
      return before.every((pid) => !left.includes(pid))
    })
    await eventually(() =>
      postgres.owner`select 1`.then(
        () => true,
        () => false,
      ),
    )
    return ended
  }
})

function expectedUnits(): number {
  let sum = 0
  for (let n = 0; n < EARLIER + EVENTS; n++) sum += n % 101
  return sum
}

/**
 * Locks the table of the events until Postgres ends the one that holds it. In one statement: a transaction of the package
 * would write its end to a socket that is gone.
 */
async function holdTable({ owner }: World['postgres']): Promise<void> {
  const holding = owner`do $$ begin
    lock table twohop.usage_events in access exclusive mode;
    perform pg_sleep(600);
  end $$`
  holding.catch(() => {})
  const held = () => owner`
    select from pg_locks
    where relation = 'twohop.usage_events'::regclass and mode = 'AccessExclusiveLock' and granted`
  await eventually(async () => (await held()).length > 0)
}

/** The process that is in the middle of a statement, which a lock keeps waiting: its title says so. */
async function waitingProcess({ pid }: World['postgres']): Promise<number> {
  let found: number[] = []
  await eventually(async () => {
    found = await processesOf(pid, 'authenticator.*waiting').catch((): number[] => [])
    return found.length > 0
  })
  return found[0] ?? expect.fail('none waits')
}

/** Ids of a server's own processes, of those alone whose title has a word where one is given. */
async function processesOf(pid: number, word?: string): Promise<number[]> {
  const filter = word ? ['-f', word] : []
  const { stdout } = await promisify(execFile)('pgrep', ['-P', String(pid), ...filter])
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Stops the clock of a server with all its processes, so that it takes calls and answers none; gives the way back. */
async function freeze(pid: number): Promise<() => void> {
  process.kill(pid, 'SIGSTOP')
  const all = [pid, ...(await processesOf(pid))]
  for (const each of all) process.kill(each, 'SIGSTOP')
  return () => {
    for (const each of all) process.kill(each, 'SIGCONT')
  }
}
