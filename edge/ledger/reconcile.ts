import { WINDOW_KEPT_MS } from '../store/lifetimes.ts'
import type { Ledger, WindowUnits } from './port.ts'

/** Units by account, then by window: `day:2026-11-21`, `month:2026-11`, or `month:2026-11-14` with a billing day. */
export type UnitsByWindow = Map<string, Map<string, number>>

/** The whole project, in place of an account; an account's name is never empty. */
export const PROJECT = ''

/** Which budgets the whole project has. It has counters for these only. */
export type ProjectBudgets = { day: boolean; month: boolean }

/** The counters in the budget's store. Every method throws TwohopError `store_unavailable`. */
export type Counters = {
  /** `used` of the counters: days of a UTC month (`2026-11`), accounts' months that begin in it, the project's. */
  used(month: string): Promise<UnitsByWindow>
  /** Units of the events that are still in the stream, for the same windows. */
  waiting(month: string): Promise<UnitsByWindow>
  /**
   * Adds units (negative ones too) to the `used` of a counter. A missing counter is made, and lasts until `keptUntil`
   * (ms). Requests may go on meanwhile.
   */
  add(account: string, window: string, units: number, keptUntil: number): Promise<void>
}

/** A window whose numbers do not agree; all in units. */
export type Difference = {
  /** PROJECT for the whole deployment. */
  account: string
  window: string
  /** What the budget's counter says; undefined where it is missing or has expired. */
  counter: number | undefined
  /** The sum of the ledger's events. */
  ledger: number
  /** Events on their way to the ledger. */
  waiting: number
  /** What the roll-up says; must equal `ledger`. */
  rolled: number
}

export type Reconciliation = { accounts: number; windows: number; differences: Difference[] }

export type ReconcileOptions = {
  ledger: Pick<Ledger, 'totals'>
  counters: Pick<Counters, 'used' | 'waiting'>
  /** Default none. A budget that is not named may have no counter; a counter that exists is compared all the same. */
  project?: ProjectBudgets
  /** Milliseconds since the epoch. */
  now: () => number
}

/**
 * Builds the comparison of ledger and counters for the days of a UTC month, and for accounts' months that begin in it.
 * It checks that counter == ledger + waiting, and that roll-up == ledger. It compares the project's counters with what
 * all accounts spent. A missing counter is a difference only while its window is kept; afterwards only the roll-up is
 * checked.
 *
 * The numbers are read one after the other while requests go on. So a difference is checked a second time, and counts
 * only if it is the same number of units both times.
 * @throws LedgerAway, or TwohopError store_unavailable
 */
export function createReconcile({ ledger, counters, project, now }: ReconcileOptions) {
  const isBudgeted = (window: string) => (window.startsWith('day:') ? project?.day : project?.month) ?? false

  async function compared(month: string): Promise<Reconciliation> {
    const waiting = await counters.waiting(month)
    const used = await counters.used(month)
    const differences: Difference[] = []
    const accounts = new Set([...used.keys(), ...waiting.keys()])
    accounts.delete(PROJECT)
    const ofProject = projectSums(month, waiting)
    const known = new Set<string>()
    let windows = 0

    function compare(account: string, ledgerWindows: Map<string, WindowUnits>): void {
      const counted = used.get(account) ?? new Map<string, number>()
      const coming = waiting.get(account) ?? new Map<string, number>()
      for (const window of new Set([...ledgerWindows.keys(), ...counted.keys(), ...coming.keys()])) {
        const { units, rolled } = ledgerWindows.get(window) ?? { units: 0, rolled: 0 }
        const counter = counted.get(window)
        const difference = {
          account,
          window,
          counter,
          ledger: units,
          waiting: coming.get(window) ?? 0,
          rolled,
        }
        const isCounted = counter !== undefined || now() < endOf(window) + WINDOW_KEPT_MS
        windows++
        if (units !== rolled || (isCounted && gapOf(difference) !== 0)) differences.push(difference)
      }
    }

    for (let after = ''; ; ) {
      const page = await ledger.totals(month, after)
      for (const { account, windows: units } of page) {
        known.add(account)
        const ledgerWindows = new Map(Object.entries(units))
        ofProject.add(ledgerWindows)
        compare(account, ledgerWindows)
      }
      const last = page.at(-1)
      if (!last) break
      after = last.account
    }
    for (const account of accounts) if (!known.has(account)) compare(account, new Map())
    const sums = ofProject.sums((window) => used.get(PROJECT)?.has(window) || isBudgeted(window))
    waiting.set(PROJECT, sums.waiting)
    compare(PROJECT, sums.ledger)
    return { accounts: new Set([...accounts, ...known]).size, windows, differences }
  }

  return async function reconcile(month: string): Promise<Reconciliation> {
    const first = await compared(month)
    if (first.differences.length === 0) return first
    const second = await compared(month)
    const before = new Map(first.differences.map((each) => [nameOf(each), each]))
    const stayed = second.differences.filter((each) => {
      const earlier = before.get(nameOf(each))
      return earlier && gapOf(earlier) === gapOf(each) && isRolled(earlier) === isRolled(each)
    })
    return { ...second, differences: stayed }
  }
}

/**
 * Sums up what all accounts spent in each day of a UTC month and in the month itself, whatever their billing days. The
 * roll-ups are checked account by account, so here they are taken to be right.
 */
function projectSums(month: string, waiting: UnitsByWindow) {
  const ledger = new Map<string, number>()
  const coming = new Map<string, number>()
  function addDay(sums: Map<string, number>, day: string, units: number): void {
    for (const window of [day, `month:${month}`]) sums.set(window, (sums.get(window) ?? 0) + units)
  }
  for (const windows of waiting.values())
    for (const [window, units] of windows) if (window.startsWith('day:')) addDay(coming, window, units)
  return {
    add(windows: ReadonlyMap<string, WindowUnits>): void {
      for (const [window, { units }] of windows) if (window.startsWith('day:')) addDay(ledger, window, units)
    },
    sums: (isWanted: (window: string) => boolean) => ({
      ledger: new Map(
        [...ledger]
          .filter(([window]) => isWanted(window))
          .map(([name, units]) => [name, { units, rolled: units }]),
      ),
      waiting: new Map([...coming].filter(([window]) => isWanted(window))),
    }),
  }
}

/** The days of a UTC month, as windows. */
export function daysOf(month: string): string[] {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate()
  return Array.from({ length: days }, (_, i) => `day:${month}-${String(i + 1).padStart(2, '0')}`)
}

/**
 * Corrects counters by the ledger: those that are off, and those that Redis lost. Held units stay as they are. Roll-ups
 * are not changed: a wrong one is a fault to investigate.
 * @returns how many counters were changed
 * @throws TwohopError store_unavailable; counters changed until then stay changed
 */
export async function rebuild(
  differences: readonly Difference[],
  counters: Pick<Counters, 'add'>,
): Promise<number> {
  const off = differences.filter((each) => gapOf(each) !== 0)
  for (const each of off)
    await counters.add(each.account, each.window, -gapOf(each), endOf(each.window) + REBUILT_KEPT_MS)
  return off.length
}

/**
 * How long a rebuilt counter is kept beyond its window's earliest end, in milliseconds. A month in which the billing day
 * was another than the one that ends it may end up to 32 days later.
 */
const REBUILT_KEPT_MS = 32 * 86_400_000 + WINDOW_KEPT_MS

const nameOf = ({ account, window }: Difference) => `${window} ${account}`
const isRolled = ({ ledger, rolled }: Difference) => ledger === rolled

/** Units that the counter has too many (above 0) or too few (below 0). */
export function gapOf({ counter = 0, ledger, waiting }: Difference): number {
  return counter - ledger - waiting
}

/**
 * The earliest possible end of a window, in milliseconds since the epoch. A month that is named after a 28th may belong
 * to a billing day of 29 to 31, and end later.
 */
function endOf(window: string): number {
  const [year = 0, month = 0, day] = window.replace(/^\w+:/, '').split('-').map(Number)
  if (day === undefined) return Date.UTC(year, month)
  if (window.startsWith('day:')) return Date.UTC(year, month - 1, day + 1)
  const lastOfNext = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day, lastOfNext))
}
