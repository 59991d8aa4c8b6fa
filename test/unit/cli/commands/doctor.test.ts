import { afterEach, expect, it, vi } from 'vitest'
import { run } from '../../../../cli/run.ts'

afterEach(() => void vi.unstubAllEnvs())

/** The exit code of `twohop doctor` and what it writes to the error output. */
async function doctor(variables: Record<string, string>) {
  for (const [name, text] of Object.entries(variables)) vi.stubEnv(name, text)
  let err = ''
  const write = (text: string) => {
    err += text
  }
  const code = await run(['doctor'], {
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
])('asks for what the edge asks for too: %s', async (words, variables) => {
  const { code, err } = await doctor(variables)
  expect(code).toBe(2)
  expect(err).toContain(words)
  expect(err).not.toContain('a-canary')
})
