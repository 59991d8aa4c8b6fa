import { afterEach, expect, it, vi } from 'vitest'
import { run } from '../../../cli/run.ts'

afterEach(() => void vi.unstubAllEnvs())

/** The exit code of a command of `twohop` and what it writes to the error output. */
async function ended(command: string, variables: Record<string, string>) {
  for (const [name, text] of Object.entries(variables)) vi.stubEnv(name, text)
  let err = ''
  const write = (text: string) => {
    err += text
  }
  const code = await run([command], {
    out: () => expect.fail('it found something'),
    err: write,
    colour: false,
    signal: new AbortController().signal,
  })
  return { code, err }
}

const REDIS = { UPSTASH_REDIS_REST_URL: 'https://redis.example', UPSTASH_REDIS_REST_TOKEN: 'a-canary' }

it.each<[string, Record<string, string>]>([
  ['UPSTASH_REDIS_REST_URL: is missing: put the REST URL', {}],
  ['UPSTASH_REDIS_REST_TOKEN: is missing: put the REST token', { ...REDIS, UPSTASH_REDIS_REST_TOKEN: '' }],
  [
    'UPSTASH_REDIS_REST_URL: must begin with https',
    { ...REDIS, UPSTASH_REDIS_REST_URL: 'http://redis.example' },
  ],
  ['EVENTS_MOST: must be a whole number from', { ...REDIS, EVENTS_MOST: 'abc' }],
  ['CATALOG: is not valid JSON', { ...REDIS, CATALOG: '{' }],
  ['CATALOG.default_plan: is missing', { ...REDIS, CATALOG: '{"models":[],"plans":[]}' }],
])('doctor asks for what the edge asks for too: %s', async (words, variables) => {
  const { code, err } = await ended('doctor', variables)
  expect(code).toBe(2)
  expect(err).toContain(words)
  expect(err).not.toContain('a-canary')
})

it.each(['drain', 'reconcile'])('%s needs the ledger beside, under the same rules', async (command) => {
  const { code, err } = await ended(command, { ...REDIS, LEDGER_SUPABASE_URL: 'http://ledger.example' })
  expect(code).toBe(2)
  expect(err.split('\n')[0]).toBe(
    'twohop: Set these as for the edge: LEDGER_SUPABASE_URL: must begin with https:// (http:// is for loopback only); ' +
      'LEDGER_SUPABASE_KEY: is missing: put its secret key there.',
  )
})
