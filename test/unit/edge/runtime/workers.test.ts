import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

// An isolate makes its edge once, so each test has a module of its own.
beforeEach(() => {
  vi.resetModules()
})
afterEach(() => vi.restoreAllMocks())

/** What a fresh isolate with these bindings answers. */
async function answered(bindings: object) {
  const { default: worker } = await import('../../../../edge/runtime/workers.ts')
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1' })
  const env = { ...EDGE_VARIABLES_SET, SERVICE_TOKEN_PRIVATE_KEY: jwk, ...bindings }
  const answer = await worker.fetch(new Request('https://edge.example/healthz'), env, { waitUntil() {} })
  return { status: answer.status, text: await answer.text() }
}

it('is served without a bucket where results of jobs lie elsewhere', async () => {
  expect(await answered({})).toEqual({ status: 200, text: '{"status":"ok"}' })
})

it('with results of jobs in R2 it needs a bucket, and says so', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  expect(await answered({ JOB_RESULTS: 'r2' })).toMatchObject({
    status: 503,
    text: expect.stringContaining('JOB_RESULTS'),
  })
  expect(log.mock.lastCall?.[0]).toContain(
    'JOB_RESULTS: r2 needs a bucket with the binding JOB_RESULTS_BUCKET, see wrangler.toml',
  )
})

it('takes the bucket that is bound', async () => {
  const bucket = { list: vi.fn(), get: vi.fn(), put: vi.fn() }
  expect(await answered({ JOB_RESULTS: 'r2', JOB_RESULTS_BUCKET: bucket })).toMatchObject({ status: 200 })
})

it('with a private key that is none it ends nothing: no promise fails that nobody waits for', async () => {
  const bad = EDGE_VARIABLES_SET.SERVICE_TOKEN_PRIVATE_KEY
  expect(await answered({ SERVICE_TOKEN_PRIVATE_KEY: bad })).toMatchObject({ status: 200 })
})
