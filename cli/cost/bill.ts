import { METERS, type Meter, PARTS, type Part, type Quantities } from './meters.ts'
import { type MicroDollars, priceOf } from './money.ts'
import type { Combination, Container, PriceBook, Service } from './price-book.ts'

export type Line = {
  part: Part
  service: string
  /** What was counted. `monthly` is the plan's fee, `credit` what the provider deducts. */
  what: Meter | 'monthly' | 'credit'
  quantity: number
  /** How much of the quantity was free. */
  free: number
  amount: MicroDollars
}

export type Bill = {
  /** Ids of the services that were bought. */
  services: string[]
  lines: Line[]
  parts: Record<Part, MicroDollars>
  total: MicroDollars
}

/** A line's subject in words. */
export function whatOf({ what }: Pick<Line, 'what'>): string {
  return what === 'monthly' ? 'plan' : what === 'credit' ? 'credit' : METERS[what].name
}

/** The load is beyond every plan of a provider. */
export class NoPlanFits extends Error {
  readonly code = 'no_plan_fits'
}

/** The container of a combination. */
export function containerOf(
  book: PriceBook,
  { id, container }: Pick<Combination, 'id' | 'container'>,
): Container {
  const found = book.containers.find((one) => one.id === container)
  if (!found) throw new RangeError(`${id}: there is no container ${container}`)
  return found
}

/**
 * A month's bill of one combination. Of alternative services it takes the cheapest that serves the load. Every line is
 * whole cents, and the total is their sum.
 * @throws NoPlanFits when the load is beyond every plan of a provider
 */
export function billOf(book: PriceBook, combination: Combination, quantities: Quantities): Bill {
  const slots = [...combination.services, containerOf(book, combination).services]
  const bought = slots.map((ids) => cheapest(book, ids, quantities))
  const lines = bought.flatMap((one) => one.lines)
  const parts = Object.fromEntries(
    PARTS.map((part) => [part, sum(lines.filter((line) => line.part === part))]),
  ) as Record<Part, MicroDollars>
  return { services: bought.map(({ id }) => id), lines, parts, total: sum(lines) }
}

function cheapest(book: PriceBook, ids: readonly string[], quantities: Quantities) {
  const able = book.services
    .filter(({ id, limits }) => ids.includes(id) && fits(limits, quantities))
    .map((service) => ({ id: service.id, lines: linesOf(service, quantities) }))
  const [first, ...others] = able
  if (!first) throw new NoPlanFits(`No plan of ${ids.join(', ')} serves this load.`)
  return others.reduce((best, one) => (sum(one.lines) < sum(best.lines) ? one : best), first)
}

function fits(limits: Service['limits'], quantities: Quantities): boolean {
  return Object.entries(limits).every(([meter, most]) => (quantities[meter as Meter] ?? 0) <= most)
}

function linesOf({ id: service, part, monthly, meters, credit }: Service, quantities: Quantities): Line[] {
  const lines: Line[] =
    monthly > 0 ? [{ part, service, what: 'monthly', quantity: 1, free: 0, amount: monthly }] : []
  for (const { meter, usd, per, included } of meters) {
    const quantity = quantities[meter] ?? 0
    if (quantity === 0) continue
    const free = Math.min(quantity, included)
    const amount = priceOf(quantity - free, usd, per)
    lines.push({ part: METERS[meter].part, service, what: meter, quantity, free, amount })
  }
  const given = Math.min(credit, sum(lines))
  if (given > 0) lines.push({ part, service, what: 'credit', quantity: 1, free: 0, amount: -given })
  return lines
}

const sum = (lines: readonly Line[]): MicroDollars => lines.reduce((total, { amount }) => total + amount, 0)
