import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { fromSupabase } from '../../../../edge/runtime/supabase-variables.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'

const URL = 'https://abc.supabase.co'
const KEY = 'sb_secret_0123456789abcdef'
/** What the platform sets for every function, and what the operator has to. */
const PLATFORM = {
  ...{ SUPABASE_URL: URL, SUPABASE_SERVICE_ROLE_KEY: 'a-legacy-service-role-key' },
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: KEY }),
  ...EDGE_NEEDS,
}
const config = (more: Record<string, string> = {}) => edgeConfig(fromSupabase({ ...PLATFORM, ...more }))

it('knows the project in which the function runs, and administers its users with its key', () => {
  const { issuers, SUPABASE_SERVICE_KEYS, ledger } = config()
  expect(issuers.map((issuer) => issuer.kind === 'supabase' && issuer.url)).toEqual([URL])
  expect(SUPABASE_SERVICE_KEYS).toEqual({ [URL]: KEY })
  expect(ledger).toBeUndefined()
})

it('has deadlines that the platform keeps: body and answer within 150 s, and others where they are set', () => {
  const { BODY_TIMEOUT_MS, REQUEST_TIMEOUT_MS, LEASE_SLACK_MS } = config()
  expect(BODY_TIMEOUT_MS + REQUEST_TIMEOUT_MS).toBeLessThanOrEqual(150_000 - 30_000)
  expect(LEASE_SLACK_MS).toBe(30_000)
  expect(config({ REQUEST_TIMEOUT_MS: '300000' }).REQUEST_TIMEOUT_MS).toBe(300_000)
  expect(config({ REQUEST_TIMEOUT_MS: '' }).REQUEST_TIMEOUT_MS).toBe(REQUEST_TIMEOUT_MS)
})

it("gives the project's key to no other project, for the ledger or for users", () => {
  expect(config({ LEDGER_SUPABASE_URL: `${URL}/` }).ledger).toEqual({ url: `${URL}/`, key: KEY })
  expect(() => config({ LEDGER_SUPABASE_URL: 'https://other.supabase.co' })).toThrow(
    'LEDGER_SUPABASE_URL: needs LEDGER_SUPABASE_KEY',
  )
  const other = config({ TWOHOP_SUPABASE_URLS: 'https://other.supabase.co' })
  expect(other.SUPABASE_SERVICE_KEYS).toBeUndefined()
  expect(other.issuers).toHaveLength(1)
  const both = config({ TWOHOP_SUPABASE_URLS: `https://other.supabase.co, ${URL}` })
  expect(both.SUPABASE_SERVICE_KEYS).toEqual({ [URL]: KEY })
})

it('takes the legacy key where there is no other, and what the operator says before either', () => {
  const { SUPABASE_SECRET_KEYS: _, ...legacy } = PLATFORM
  expect(edgeConfig(fromSupabase(legacy)).SUPABASE_SERVICE_KEYS).toEqual({
    [URL]: 'a-legacy-service-role-key',
  })
  expect(config({ SUPABASE_SECRET_KEYS: 'no json' }).SUPABASE_SERVICE_KEYS).toEqual({
    [URL]: 'a-legacy-service-role-key',
  })
  const said = { [URL]: 'sb_secret_of_the_operator_0' }
  expect(config({ TWOHOP_SUPABASE_SERVICE_KEYS: JSON.stringify(said) }).SUPABASE_SERVICE_KEYS).toEqual(said)
})

it('on an address that no token names, trusts nobody by itself', () => {
  expect(() => config({ SUPABASE_URL: 'http://kong:8000' })).toThrow('no issuer is configured')
  const named = config({ SUPABASE_URL: 'http://kong:8000', TWOHOP_SUPABASE_URLS: 'http://127.0.0.1:54321' })
  expect([named.issuers.length, named.SUPABASE_SERVICE_KEYS]).toEqual([1, undefined])
})
