import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

// An isolate makes its edge once, so each test has a module of its own.
beforeEach(() => {
  vi.resetModules()
})
afterEach(() => vi.restoreAllMocks())

/** What a fresh isolate with these bindings answers. */
async function answered(bindings: object, path = '/healthz', headers: Record<string, string> = {}) {
  const { default: worker } = await import('../../../../edge/runtime/workers.ts')
  const { privateKey } = generateKeyPairSync('ed25519')
  const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1' })
  const env = { ...EDGE_VARIABLES_SET, SERVICE_TOKEN_PRIVATE_KEY: jwk, ...bindings }
  const answer = await worker.fetch(new Request(`https://edge.example${path}`, { headers }), env, {
    waitUntil() {},
  })
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
  expect(log.mock.calls[0]?.[0]).toContain(
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

/** A key whose halves are of two keys. Not every runtime looks at that when it reads one. */
const halves = () => {
  const [one, other] = [0, 1].map(() => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
  return JSON.stringify({ ...one, x: other?.x, kid: 'k1' })
}

it('with a key whose halves do not belong together it is not configured, for requests and for the cron', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  const { default: worker } = await import('../../../../edge/runtime/workers.ts')
  const env = { ...EDGE_VARIABLES_SET, SERVICE_TOKEN_PRIVATE_KEY: halves() }
  const tasks: Promise<unknown>[] = []
  const waiting = { waitUntil: (task: Promise<unknown>) => void tasks.push(task) }
  worker.scheduled({}, env, waiting)
  await expect(tasks[0]).rejects.toMatchObject({ code: 'not_configured' })
  for (let times = 0; times < 2; times++) {
    const answer = await worker.fetch(new Request('https://edge.example/healthz'), env, waiting)
    expect([answer.status, await answer.text()]).toEqual([
      503,
      expect.stringContaining('SERVICE_TOKEN_PRIVATE_KEY'),
    ])
  }
  // What is wrong is said once; each failure has a line.
  const events = log.mock.calls.map(([line]) => JSON.parse(line).event)
  expect(events).toEqual(['not_configured', 'scheduled_failed', 'answer_failed', 'answer_failed'])
})

it('calls the host by the binding where there is one, and nothing else', async () => {
  const seen: string[] = []
  const service = {
    fetch: async (url: string, init: RequestInit) => {
      seen.push(`${init.method} ${url} ${new Headers(init.headers).get('authorization')?.slice(0, 7)}`)
      return new Response('an answer')
    },
  }
  const { throughService } = await import('../../../../edge/runtime/host-service.ts')
  const answer = await throughService(service)?.('http://twohop-host.internal/v1/x', {
    ...{ method: 'POST', headers: { authorization: 'Bearer a' }, redirect: 'manual', timeoutMs: 1000 },
  })
  expect(await answer?.text()).toBe('an answer')
  expect(seen).toEqual(['POST http://twohop-host.internal/v1/x Bearer '])
  expect(throughService(undefined)).toBeUndefined()
})

const ASSETS = { fetch: async () => new Response('<p>') }

it('has a dashboard where its files were uploaded with it, unless it is told not to', async () => {
  expect(await answered({ ASSETS }, '/dashboard')).toEqual({ status: 200, text: '<p>' })
  vi.resetModules()
  expect(await answered({}, '/dashboard')).toMatchObject({ status: 404 })
  vi.resetModules()
  expect(await answered({ ASSETS, DASHBOARD: 'off' }, '/dashboard')).toMatchObject({ status: 404 })
})

it('the dashboard may ask its own edge, without being on the list of origins; where there is none, nobody may', async () => {
  const own = { origin: 'https://edge.example', 'sec-fetch-site': 'same-origin' }
  const pages = (DASHBOARD: string) => ({ ASSETS, DOCS_PAGE: 'off', DASHBOARD })
  expect(await answered(pages('on'), '/v1/models', own)).toMatchObject({ status: 401 })
  vi.resetModules()
  expect(await answered(pages('off'), '/v1/models', own)).toMatchObject({ status: 403 })
})

it('refuses to tell every visitor a secret key', async () => {
  vi.spyOn(console, 'log').mockReturnValue()
  const supabase = { url: 'https://abc.supabase.co', publishable_key: 'sb_secret_x' }
  expect(
    await answered({ ASSETS, DASHBOARD_SIGN_IN: JSON.stringify({ supabase }) }, '/dashboard'),
  ).toMatchObject({
    status: 503,
    text: expect.stringContaining('DASHBOARD_SIGN_IN'),
  })
})
