import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { largeResults } from '../../../../edge/runtime/large-results.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const never = () => Promise.reject(new Error('nobody asks for it'))
const bucket = { list: never, get: never, put: never }
const LEDGER = { LEDGER_SUPABASE_URL: 'http://127.0.0.1:9', LEDGER_SUPABASE_KEY: 'k' }

/** Where new results go, and from where results are read. */
function placesOf(variables: Record<string, string>, bound: typeof bucket | undefined) {
  const config = edgeConfig({ ...EDGE_VARIABLES_SET, ...variables })
  const { places, to } = largeResults(config, { resultsBucket: bound, fetch: never, now: Date.now })
  return { to: to?.place, read: Object.entries(places).flatMap(([place, store]) => (store ? [place] : [])) }
}

it.each([
  [{}, undefined, { to: undefined, read: [] }],
  [{ JOB_RESULTS: 'redis' }, bucket, { to: undefined, read: ['r2'] }],
  [{ JOB_RESULTS: 'r2' }, bucket, { to: 'r2', read: ['r2'] }],
  [{ ...LEDGER, JOB_RESULTS: 'r2' }, bucket, { to: 'r2', read: ['ledger', 'r2'] }],
  [{ ...LEDGER, JOB_RESULTS: 'ledger' }, undefined, { to: 'ledger', read: ['ledger'] }],
  [{ ...LEDGER, JOB_RESULTS: 'ledger' }, bucket, { to: 'ledger', read: ['ledger', 'r2'] }],
  [LEDGER, undefined, { to: undefined, read: ['ledger'] }],
])('%j with the bucket %j', (variables, bound, expected) => {
  expect(placesOf(variables, bound)).toEqual(expected)
})

it('a bucket that is not bound is named', () => {
  expect(() => placesOf({ ...LEDGER, JOB_RESULTS: 'r2' }, undefined)).toThrow(
    'JOB_RESULTS: r2 needs a bucket with the binding JOB_RESULTS_BUCKET, see wrangler.toml',
  )
})

it('only the ledger has ended results dropped by the edge, and only where new ones go there', async () => {
  const { dropEnded } = largeResults(edgeConfig({ ...EDGE_VARIABLES_SET, ...LEDGER, JOB_RESULTS: 'r2' }), {
    ...{ resultsBucket: bucket, fetch: never, now: Date.now },
  })
  await dropEnded()
})
