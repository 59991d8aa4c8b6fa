import * as z from 'zod'
import { DEVICES } from './devices.ts'
import { METER_NAMES, PARTS } from './meters.ts'
import { microDollars } from './money.ts'

const Id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
const Day = z.iso.date()
const Usd = z.string().transform((text, context) => {
  try {
    return microDollars(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})
const Quantity = z.number().int().min(0)
const Meter = z.enum(METER_NAMES)

/** A page that a price was read from. */
const Source = z.strictObject({
  page: z.url({ protocol: /^https$/ }),
  /** When the price was seen there. */
  seen: Day,
  /** What a reader should know: who read the price, and what it leaves out. */
  note: z.string().optional(),
})

/** `usd` for each `per` units of a meter, after `included` units. */
const MeterPrice = z.strictObject({
  meter: Meter,
  usd: Usd,
  per: Quantity.min(1),
  included: Quantity.default(0),
})

const Service = z.strictObject({
  id: Id,
  name: z.string(),
  /** Part of the bill that the monthly fee stands under. */
  part: z.enum(PARTS),
  sources: z.array(Id).min(1),
  /** Fee a month. */
  monthly: Usd.default(0),
  meters: z.array(MeterPrice).default([]),
  /** The most of each meter that this plan serves. */
  limits: z.partialRecord(Meter, Quantity).default({}),
  /** What the provider deducts each month from this service's own lines. */
  credit: Usd.default(0),
})

/** A container to run the host in. */
const Container = z.strictObject({
  id: Id,
  name: z.string(),
  kind: z.enum(['cpu', 'gpu']),
  /** What computes there; `published.ts` and `counts.ts` say how fast. */
  device: z.enum(DEVICES),
  mode: z.enum(['always-on', 'scale-to-zero']),
  /** Services whose prices apply: the cheapest of these that serves the load. */
  services: z.array(Id).min(1),
  /** What one running container adds to each meter in a second. */
  perSecond: z.partialRecord(Meter, Quantity),
  /** Seconds from a request to a host that answers, with its model loaded. Not measured, but set the same for all. */
  startSeconds: Quantity.default(0),
  /** Seconds that a container is kept, and billed, after its last request. */
  idleSeconds: Quantity.default(0),
})

const Combination = z.strictObject({
  id: Id,
  name: z.string(),
  /** Where the edge runs. */
  edge: z.enum(['workers', 'supabase', 'node']),
  /** One service of each list: the cheapest that serves the load. */
  services: z.array(z.array(Id).min(1)),
  container: Id,
  /** The pages that say how it is deployed, as paths from docs/: what has none is not compared. */
  recipes: z.array(z.string()).min(1),
})

/** Prices, all from public pages, and the combinations of providers to compare. */
const PriceBook = z
  .strictObject({
    /** When the whole file was last checked. */
    checked: Day,
    sources: z.record(Id, Source),
    services: z.array(Service),
    containers: z.array(Container),
    combinations: z.array(Combination),
    /** For each kind, the always-on container that those which scale to zero are compared with. */
    alwaysOn: z.strictObject({ cpu: Id, gpu: Id }),
  })
  .superRefine((book, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message })
    for (const list of [book.services, book.containers, book.combinations]) {
      const ids = list.map(({ id }) => id)
      for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) complain(`${id} is there twice`)
    }
    const services = new Map(book.services.map((service) => [service.id, service]))
    const containers = new Map(book.containers.map((container) => [container.id, container]))
    for (const { id, sources } of book.services)
      for (const source of sources) if (!book.sources[source]) complain(`${id}: there is no source ${source}`)
    for (const { id, services: own } of book.containers)
      for (const name of own) if (!services.has(name)) complain(`${id}: there is no service ${name}`)
    for (const [kind, id] of Object.entries(book.alwaysOn)) {
      const container = containers.get(id)
      if (container?.kind !== kind || container.mode !== 'always-on')
        complain(`${id} is no always-on ${kind}`)
    }
    for (const { id, services: slots, container } of book.combinations) {
      const own = containers.get(container)?.services ?? []
      if (own.length === 0) complain(`${id}: there is no container ${container}`)
      const names = [...slots.flat(), ...own]
      for (const name of names) {
        if (!services.has(name)) complain(`${id}: there is no service ${name}`)
        if (names.indexOf(name) !== names.lastIndexOf(name)) complain(`${id}: ${name} is bought twice`)
      }
      // A slot's alternatives replace each other, but two slots must never bill, or give free, the same thing.
      const priced = [...slots, own].flatMap((slot) => [
        ...new Set(slot.flatMap((name) => services.get(name)?.meters.map(({ meter }) => meter) ?? [])),
      ])
      for (const meter of priced)
        if (priced.indexOf(meter) !== priced.lastIndexOf(meter)) complain(`${id}: ${meter} is billed twice`)
    }
  })

export type PriceBook = z.infer<typeof PriceBook>
export type Service = z.infer<typeof Service>
export type Container = z.infer<typeof Container>
export type Combination = z.infer<typeof Combination>

/** A price file that is wrong. */
export class PriceBookError extends Error {
  readonly code = 'bad_prices'
}

/**
 * Reads a price book, such as `cli/cost/prices.json`.
 * @throws PriceBookError that names the first error
 */
export function priceBook(json: unknown): PriceBook {
  const parsed = PriceBook.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new PriceBookError(`Prices: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`)
}
