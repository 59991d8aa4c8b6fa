import type { TestProject } from 'vitest/node'
import { MEASURED_CPU } from '../../cli/cost/counts.ts'
import { DEFAULT_WORKLOAD, defaultPrices } from '../../cli/cost/default.ts'
import { forecastOf } from '../../cli/cost/forecast.ts'
import { publishedSpeeds } from '../../cli/cost/published.ts'
import { speedOf } from '../../cli/cost/speed.ts'
import { pageOrigins } from '../../local/page-origins.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** An edge without a ledger. */
    ledgerlessEdge: string
  }
}

/** The plan free finds whoever is new: by what the step that reserves scores, and without a month of somebody's use. */
const watched = (catalog: Catalog): Catalog => ({
  ...catalog,
  plans: catalog.plans.map((plan) =>
    plan.id === 'free' ? { ...plan, abuse: { action: 'log', at: 5 } } : plan,
  ),
})

/** A forecast that the tests' own load comes near to. */
function forecast(): string {
  const book = defaultPrices()
  const combination = book.combinations.find(({ id }) => id === 'node-fly')
  if (!combination) throw new Error('there is no such combination')
  const workload = { ...DEFAULT_WORKLOAD, users: 1, requestsPerDay: 1, promptTokens: 60, outputTokens: 40 }
  return JSON.stringify(
    forecastOf(book, combination, workload, { cpu: speedOf(MEASURED_CPU), ...publishedSpeeds() }),
  )
}

/** The stack as `npm start` runs it, whose edge has the dashboard. */
export default async function dashboardAndStack(project: TestProject) {
  const { stack, dir, pace } = await startTestStack('test-dashboard', {
    edgeVariables: { ALLOWED_ORIGINS: pageOrigins([]), COST_FORECAST: forecast() },
    catalog: watched,
    ledger: true,
  })
  const ledgerless = await stack.startEdge(0, { LEDGER_SUPABASE_URL: '', LEDGER_SUPABASE_KEY: '' })
  project.provide('ledgerlessEdge', ledgerless.ready.url)
  project.provide('stack', stack.file)
  project.provide('stackDir', dir)
  project.provide('pace', pace)
  return () => stack.stop()
}
