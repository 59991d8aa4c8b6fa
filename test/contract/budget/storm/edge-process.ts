// One edge of storm.test.ts: a process that reserves, settles, crashes, sweeps and repeats itself at random.
import fc from 'fast-check'
import type { Crossing } from '../../../../edge/budget/port.ts'
import { createUpstashBudget } from '../../../../edge/budget/upstash.ts'
import { ISSUED_AT, type StormOrder, type StormReport } from './order.ts'

const order: StormOrder = JSON.parse(process.argv[2] ?? '')
const { url, token, accounts, operations, from, to, seed, limits, project } = order

/** How a granted request ends. */
const anyEnding = fc.oneof(
  { weight: 6, arbitrary: fc.constant('settled' as const) },
  { weight: 2, arbitrary: fc.constantFrom('released' as const, 'twice' as const, 'late' as const) },
  { weight: 1, arbitrary: fc.constantFrom('crashed' as const, 'early' as const, 'again' as const) },
)
const anyOperation = fc.record({
  account: fc.constantFrom(...accounts),
  units: fc.integer({ min: 0, max: 60 }),
  /** More than 100 % is a host that broke its bound. */
  usedPercent: fc.integer({ min: 0, max: 120 }),
  leaseMs: fc.integer({ min: 5_000, max: 900_000 }),
  ending: anyEnding,
  sweeps: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
})
type Operation = (typeof plan)[number]
const plan = fc.sample(anyOperation, { seed, numRuns: operations })

const clock = { now: from }
const budget = createUpstashBudget({
  url,
  token,
  project,
  timeoutMs: 30_000,
  clock: () => clock.now,
})
const report: StormReport = { endings: {}, refusals: {}, crossed: [], faults: [], operations: 0 }
const late: { id: string; used: number }[] = []

const count = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}
const note = (crossed: Crossing[]) => void report.crossed.push(...crossed)

/** A store that loses nothing needs nobody's memory of a reservation. */
const reserved = { account: 'lost', units: 0, plan: 'free', model: 'm', task: 'chat', key: '' }

async function settle(id: string, units: number): Promise<boolean> {
  report.operations++
  const tokens = { promptTokens: 1, outputTokens: 1, computeMs: 1 }
  const { settled, crossed } = await budget.settle({
    requestId: id,
    reserved,
    units,
    ...tokens,
    outcome: 'ok',
  })
  note(crossed)
  return settled
}

function reserve(id: string, { account, units, leaseMs }: Operation) {
  report.operations++
  const spender = { account, issuedAt: ISSUED_AT, plan: 'free' }
  const names = { plan: 'free', model: 'm', task: 'chat' }
  return budget.reserve({ requestId: id, spender, units, limits, leaseMs, ...names })
}

/** A second reservation of an id must be refused as used. */
async function expectBarred(reservation: Promise<unknown>, what: string) {
  const code = await reservation.then(
    () => 'admitted',
    (error: { code?: string }) => error.code,
  )
  if (code !== 'internal') report.faults.push(`${what}: ${code}`)
}

async function request(id: string, operation: Operation): Promise<void> {
  const { ending } = operation
  const used = Math.floor((operation.units * operation.usedPercent) / 100)
  if (ending === 'early') {
    await settle(id, 0)
    return expectBarred(reserve(id, operation), 'after its settlement')
  }
  const decision = await reserve(id, operation)
  if (!decision.granted) return count(report.refusals, decision.code)
  // Holds grow nowhere else, so who sees no budget exceeded here has seen it at every point.
  for (const [window, { limit, used: spent, held }] of Object.entries(decision.allowance.budgets))
    if (spent + held > limit) report.faults.push(`${id}: ${window} has ${spent} + ${held} of ${limit}`)
  count(report.endings, ending)
  if (ending === 'late') return void late.push({ id, used })
  if (ending === 'crashed') return
  if (ending === 'again') await expectBarred(reserve(id, operation), 'sent twice')
  if (ending === 'twice') {
    const answers = await Promise.all([settle(id, used), settle(id, used)])
    if (answers.filter(Boolean).length !== 1) report.faults.push(`${id} was settled ${answers}`)
    return
  }
  await settle(id, ending === 'released' ? 0 : used)
}

async function step(index: number): Promise<void> {
  const operation = plan[index] as Operation
  clock.now = Math.floor(from + ((to - from) * index) / operations)
  if (operation.sweeps) {
    report.operations++
    note((await budget.sweep(5)).crossed)
  }
  await request(`${seed}-${index}`, operation)
  const overdue = late.length > 12 ? late.shift() : undefined
  if (overdue) await settle(overdue.id, overdue.used)
}

const AT_ONCE = 4
for (let index = 0; index < operations; index += AT_ONCE) {
  const steps = Array.from({ length: Math.min(AT_ONCE, operations - index) }, (_, i) => step(index + i))
  await Promise.all(steps)
  process.send?.({ type: 'progress', part: index / operations })
}
for (const { id, used } of late.splice(0)) await settle(id, used)
process.send?.({ type: 'done', report }, () => process.disconnect())
