import * as z from 'zod'
import { usualPrices } from '../../local/usual-prices.ts'
import defaultCatalog from '../../shared/catalog.json' with { type: 'json' }
import { Catalog, Plan, scopeOf } from '../../shared/catalog.ts'
import { Prices } from '../../shared/units.ts'
import { CliError } from '../context.ts'
import type { OwnModel } from './model.ts'

/** What `npx twohop price --json` prints, as far as a catalog takes it. */
const PriceSheet = z.looseObject({ prices: Prices, budgets: Plan.shape.budgets })
export type PriceSheet = z.infer<typeof PriceSheet>

/** @throws CliError `bad_price` where it is not what `npx twohop price --json` prints */
export function priceSheet(text: string): PriceSheet {
  try {
    return PriceSheet.parse(JSON.parse(text))
  } catch (cause) {
    throw new CliError('bad_price', '--price takes the output of `npx twohop price --json`.', { cause })
  }
}

/** The plan that a price sheet's budgets are for, and what part of them whoever does not pay gets. */
const PAID = 'pro'
const UNPAID_SHARE = 10

/**
 * The catalog of a new deployment: the default plans with one's own model, or the models that come along. Without the scope
 * `jobs`, which needs a host that takes them from Redis.
 */
export function newCatalog(model: OwnModel | undefined, sheet: PriceSheet | undefined): Catalog {
  const base = Catalog.parse(defaultCatalog)
  const like = base.models.find(({ tasks }) => tasks.some((task) => model?.catalog.tasks.includes(task)))
  const prices = usualPrices(model?.catalog.tasks ?? [], sheet?.prices ?? like?.prices)
  const models = model
    ? [{ ...model.catalog, prices }]
    : base.models.map((each) => ({ ...each, ...(sheet && { prices: sheet.prices }) }))
  const plans = base.plans.map((plan) => {
    const own = model && [...new Set(model.catalog.tasks.map(scopeOf))]
    return {
      ...plan,
      models: model ? [model.catalog.id] : plan.models,
      scopes: own ?? plan.scopes.filter((scope) => scope !== 'jobs'),
      budgets: sheet ? (plan.id === PAID ? sheet.budgets : unpaid(sheet.budgets)) : plan.budgets,
    }
  })
  return Catalog.parse({ ...base, models, plans })
}

/** A tenth, but for the minute: whatever a request may hold fits there. */
function unpaid({ minute, day, month }: PriceSheet['budgets']): PriceSheet['budgets'] {
  const tenth = (units: number) => Math.max(minute, Math.ceil(units / UNPAID_SHARE))
  return { minute, day: tenth(day), month: tenth(month) }
}
