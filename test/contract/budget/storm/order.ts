import type { Crossing, Limits, ProjectBudgets } from '../../../../edge/budget/port.ts'

/** What a process of the storm is told. */
export type StormOrder = {
  url: string
  token: string
  accounts: string[]
  operations: number
  /** Its clock goes evenly from here to there (ms), so the windows roll over at the same part of the run everywhere. */
  from: number
  to: number
  seed: number
  limits: Limits
  project: ProjectBudgets
}

/** What it says in the end. */
export type StormReport = {
  /** How granted requests ended, and why others were refused. */
  endings: Record<string, number>
  refusals: Record<string, number>
  crossed: Crossing[]
  faults: string[]
  operations: number
}

export const ISSUED_AT = Date.UTC(2026, 11, 31) / 1000

/** Budgets so tight for so many operations that each of them refuses somebody. */
export function budgetsFor(operations: number): { limits: Limits; project: ProjectBudgets } {
  return {
    limits: {
      requestsPerMinute: Math.max(40, Math.ceil(operations / 5)),
      // Those that crashed stay open until they are swept, and are more in a longer storm.
      concurrent: Math.max(5, Math.min(Math.ceil(operations / 40), 20 + Math.ceil(operations / 500))),
      budgets: {
        minute: Math.max(300, Math.ceil(1.5 * operations)),
        day: 8 * operations,
        month: 13 * operations,
      },
      billingDay: 15,
    },
    project: { day: 29 * operations, month: 45 * operations },
  }
}
