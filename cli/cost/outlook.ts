import { type Bill, billOf, containerOf, NoPlanFits, whatOf } from './bill.ts'
import type { Speeds } from './devices.ts'
import type { MicroDollars } from './money.ts'
import type { Combination, PriceBook } from './price-book.ts'
import type { Speed } from './speed.ts'
import { quantitiesOf, type Running, requestsOf, runningOf, secondsOf, type Workload } from './workload.ts'

export type Month = { bill: Bill; running: Running; requests: number; tokens: number }

/** A month of one combination under a workload. */
export function monthOf(
  book: PriceBook,
  combination: Combination,
  workload: Workload,
  speeds: Speeds,
): Month {
  const container = containerOf(book, combination)
  const running = runningOf(workload, speeds[container.device], container)
  const requests = requestsOf(workload)
  return {
    bill: billOf(book, combination, quantitiesOf(workload, running, container)),
    running,
    requests,
    tokens: requests * workload.outputTokens,
  }
}

export type Scale = {
  /** How many times the workload's users. */
  factor: number
  /** Undefined where the load is beyond every plan of a provider. */
  month: Month | undefined
  /** What differs from the scale before, in words. */
  changes: string[]
}

export type Outlook = {
  combination: Combination
  scales: Scale[]
  /**
   * Average cost of one request, and of a million tokens of prompts and of answers, everything included. Both kinds of
   * tokens share the bill as they share the host's time, so all tokens together cost the bill.
   */
  unit:
    | { request: MicroDollars; millionInput: MicroDollars | undefined; millionOutput: MicroDollars }
    | undefined
  /** Where an always-on container becomes cheaper; undefined where this one is always on. */
  breakEven: BreakEven | undefined
}

export const FACTORS = [1, 10, 100] as const

/** A combination's month at 1, 10 and 100 times the users, with its unit costs and its break-even point. */
export function outlookOf(
  book: PriceBook,
  combination: Combination,
  workload: Workload,
  speeds: Speeds,
): Outlook {
  const months = FACTORS.map((factor) => {
    const scaled = { ...workload, users: workload.users * factor }
    return { factor, month: unlessBeyond(() => monthOf(book, combination, scaled, speeds)) }
  })
  const now = months[0]?.month
  return {
    combination,
    scales: months.map(({ factor, month }, i) => ({
      factor,
      month,
      changes: changesOf(book, months[i - 1]?.month, month),
    })),
    unit: now && {
      request: Math.round(now.bill.total / now.requests),
      ...millionsOf(now, workload, speeds[containerOf(book, combination).device]),
    },
    breakEven: breakEvenOf(book, combination, workload, speeds),
  }
}

function millionsOf({ bill, requests }: Month, workload: Workload, speed: Speed) {
  const perSecond = bill.total / (requests * secondsOf(workload, speed))
  return {
    // Where a speed does not tell prompts apart, an answer's tokens bear their cost.
    millionInput:
      speed.promptSeconds > 0 ? Math.round(perSecond * speed.promptSeconds * 1_000_000) : undefined,
    millionOutput: Math.round(perSecond * speed.outputSeconds * 1_000_000),
  }
}

/** The result of `calculate`; undefined where the load is beyond every plan. */
export function unlessBeyond<T>(calculate: () => T): T | undefined {
  try {
    return calculate()
  } catch (error) {
    if (error instanceof NoPlanFits) return undefined
    throw error
  }
}

/** The changes between two scales of one combination: plans, free allowances, replicas. */
function changesOf(book: PriceBook, before: Month | undefined, after: Month | undefined): string[] {
  if (!before || !after) return []
  const nameOf = (id: string | undefined) => book.services.find((service) => service.id === id)?.name ?? ''
  const plans = after.bill.services.flatMap((id, i) =>
    id === before.bill.services[i] ? [] : [`${nameOf(before.bill.services[i])} becomes ${nameOf(id)}`],
  )
  const usedUp = after.bill.lines.flatMap(({ service, what, free, quantity }) => {
    const earlier = before.bill.lines.find((line) => line.service === service && line.what === what)
    const was = earlier !== undefined && earlier.quantity <= earlier.free
    return was && free > 0 && quantity > free
      ? [`free ${whatOf({ what })} of ${nameOf(service)} used up`]
      : []
  })
  const [few, many] = [before.running.replicas, after.running.replicas]
  return [...plans, ...usedUp, ...(many > few ? [`${few} to ${many} containers in the busiest hour`] : [])]
}

export type BreakEven = {
  /** The always-on container that it is compared with. */
  rival: string
  /** Requests a day from which the rival is cheaper; null where it is not cheaper up to ten million a day. */
  requestsPerDay: number | null
}

const MOST_REQUESTS_A_DAY = 10_000_000

/**
 * The fewest requests a day, of the workload's kind, at which the always-on container of the same kind costs less than
 * one that scales to zero. It is found by doubling, then by halving the step.
 */
export function breakEvenOf(
  book: PriceBook,
  combination: Combination,
  workload: Workload,
  speeds: Speeds,
): BreakEven | undefined {
  const container = containerOf(book, combination)
  if (container.mode === 'always-on') return undefined
  const rival = containerOf(book, { id: combination.id, container: book.alwaysOn[container.kind] })
  const billed = (id: string, requests: number) => {
    // Only the container's own costs: the rest of the bill is the same for both.
    const alone = { ...combination, services: [], container: id }
    const load = { ...workload, users: 1, requestsPerDay: requests }
    return unlessBeyond(() => monthOf(book, alone, load, speeds))?.bill.total ?? Number.POSITIVE_INFINITY
  }
  const rivalWins = (requests: number) => billed(rival.id, requests) < billed(container.id, requests)
  let high = 1
  while (!rivalWins(high)) {
    high *= 2
    if (high > MOST_REQUESTS_A_DAY) return { rival: rival.id, requestsPerDay: null }
  }
  let low = high === 1 ? 0 : high / 2
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (rivalWins(middle)) high = middle
    else low = middle
  }
  return { rival: rival.id, requestsPerDay: high }
}
