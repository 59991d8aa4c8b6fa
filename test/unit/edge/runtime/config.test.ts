import { describe, expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const config = (changed: Record<string, string | undefined> = {}) =>
  edgeConfig({ ...EDGE_VARIABLES_SET, ...changed })

/** What is complained of, one text a complaint. */
function complaints(changed: Record<string, string | undefined>): string[] {
  try {
    config(changed)
  } catch (error) {
    return (error as Error).message.replace(/^Configuration: /, '').split('; ')
  }
  return []
}

/** Twenty-four bytes or more that must not be seen, wherever somebody may put them. */
const CANARY = 'canary-0123456789abcdefghijklmnopqrstuv'

/** The parts of the key in EDGE_NEEDS. */
const D = '"d":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"'
const X = '"x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"'

describe("the edge's configuration", () => {
  it('fills in what is not set, or set to nothing', () => {
    const defaults = {
      REDIS_TIMEOUT_MS: 2000,
      BODY_LIMIT_BYTES: 262_144,
      JOB_BODY_BYTES: 786_432,
      JOB_TIMEOUT_MS: 86_400_000,
      REQUEST_TIMEOUT_MS: 120_000,
      LEASE_SLACK_MS: 30_000,
      SUPABASE_CONFIRMS_EMAIL: true,
      ANONYMOUS_PLAN: undefined,
      FIREBASE_ADMIN_URL: 'https://identitytoolkit.googleapis.com',
      allowedOrigins: new Set(),
      webhook: undefined,
      ledger: undefined,
      catalog: { default_plan: 'free' },
    }
    expect(config()).toMatchObject(defaults)
    expect(config({ REDIS_TIMEOUT_MS: '', ANONYMOUS_PLAN: '', ALLOWED_ORIGINS: '' })).toMatchObject(defaults)
  })

  it('takes nothing that is no text for what is not set', () => {
    // As wrangler.toml hands it on without quotes: `SUPABASE_CONFIRMS_EMAIL = false`.
    const values = { SUPABASE_CONFIRMS_EMAIL: false, BODY_LIMIT_BYTES: 0, ALLOWED_ORIGINS: null }
    for (const [name, value] of Object.entries(values)) {
      const [complaint, ...others] = complaints({ [name]: value as unknown as string })
      expect(complaint).toMatch(new RegExp(`^${name}: `))
      expect(others).toEqual([])
    }
  })

  it('shows no secret that stands where its name belongs', () => {
    for (const swapped of [{ [CANARY]: 'https://abc.supabase.co' }, { [CANARY]: {} }, { [CANARY]: 7 }])
      expect(complaints({ SUPABASE_SERVICE_KEYS: JSON.stringify(swapped) })).toEqual([
        'SUPABASE_SERVICE_KEYS: must name project URLs without a path, each with a key of at least 20 characters',
      ])
  })

  it('reads numbers, origins and plans', () => {
    const origins = 'https://app.example, chrome-extension://abcdefghijklmnopabcdefghijklmnop,'
    const read = config({ LEASE_SLACK_MS: '100', ALLOWED_ORIGINS: origins, ANONYMOUS_PLAN: 'free' })
    expect(read).toMatchObject({ LEASE_SLACK_MS: 100, ANONYMOUS_PLAN: 'free' })
    for (const origin of ['https://app.example', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'])
      expect(read.allowedOrigins.has(origin)).toBe(true)
    expect(config({}).allowedOrigins.has('https://app.example')).toBe(false)
  })

  it.each([
    ['HOST_URL: is missing', { HOST_URL: undefined }],
    ['HOST_URL: is missing', { HOST_URL: '' }],
    ['HOST_URL: must be a URL', { HOST_URL: 'somewhere' }],
    ...['49', '30001', '50.5', 'soon', '1e9', 'Infinity', '-50'].map(
      (text) =>
        ['REDIS_TIMEOUT_MS: must be a whole number from 50 to 30000', { REDIS_TIMEOUT_MS: text }] as [
          string,
          Record<string, string>,
        ],
    ),
    [
      'ALLOWED_ORIGINS: entry 2 is never sent: browsers send https://b.example',
      { ALLOWED_ORIGINS: 'https://a.example,https://b.example/' },
    ],
    ['SUPABASE_CONFIRMS_EMAIL: must be true or false', { SUPABASE_CONFIRMS_EMAIL: 'yes' }],
    ['CATALOG: is not valid JSON', { CATALOG: '{' }],
    ['CATALOG.default_plan: is missing', { CATALOG: '{"models":[],"plans":[]}' }],
    ['ANONYMOUS_PLAN: names no plan of the catalog', { ANONYMOUS_PLAN: 'gold' }],
    ['UNVERIFIED_EMAIL_PLAN: names no plan of the catalog', { UNVERIFIED_EMAIL_PLAN: 'gold' }],
    ['API_KEY_SECRETS: must be secrets of at least 32', { API_KEY_SECRETS: `${'a'.repeat(32)},short` }],
    ['API_KEY_SECRETS: must be at most 4', { API_KEY_SECRETS: Array(5).fill('a'.repeat(32)).join() }],
    ['SERVICE_TOKEN_PRIVATE_KEY.crv: ', { SERVICE_TOKEN_PRIVATE_KEY: `{"kty":"OKP","kid":"k",${D},${X}}` }],
    [
      'SERVICE_TOKEN_PRIVATE_KEY.d: ',
      { SERVICE_TOKEN_PRIVATE_KEY: `{"kty":"OKP","crv":"Ed25519","kid":"k",${X}}` },
    ],
    [
      'SERVICE_TOKEN_PRIVATE_KEY.d: must be 32 bytes in base64url',
      { SERVICE_TOKEN_PRIVATE_KEY: `{"kty":"OKP","crv":"Ed25519","kid":"k","d":"short",${X}}` },
    ],
    [
      'SERVICE_TOKEN_PRIVATE_KEY.x: ',
      { SERVICE_TOKEN_PRIVATE_KEY: `{"kty":"OKP","crv":"Ed25519","kid":"k",${D}}` },
    ],
    ['FIREBASE_ADMIN_URL: must begin with https://', { FIREBASE_ADMIN_URL: 'http://admin.example' }],
    ...['UPSTASH_REDIS_REST_URL', 'LEDGER_SUPABASE_URL', 'WEBHOOK_URL'].flatMap((name) =>
      ['http://10.0.0.7', 'http://localhost.example/', 'ftp://127.0.0.1/'].map(
        (url) =>
          [
            `${name}: must begin with https://`,
            { LEDGER_SUPABASE_KEY: 'k', WEBHOOK_SECRET: `whsec_${btoa('x'.repeat(24))}`, [name]: url },
          ] as [string, Record<string, string>],
      ),
    ),
    ['LEDGER_SUPABASE_URL: needs LEDGER_SUPABASE_KEY', { LEDGER_SUPABASE_URL: 'https://abc.supabase.co' }],
    ['WEBHOOK_URL: needs WEBHOOK_SECRET', { WEBHOOK_URL: 'https://hook.example' }],
  ])('says "%s" of %o', (start, changed) => {
    const [first, ...more] = complaints(changed)
    expect(first).toMatch(new RegExp(`^${start.replace(/[.*]/g, '\\$&')}`))
    expect(more.filter((complaint) => !complaint.startsWith('CATALOG.'))).toEqual([])
  })

  it('has words of its own for whatever is wrong, and none of a library', () => {
    const odd = ['{}', '[]', '7', '{"x":1}', '[{}]', 'a b', '{"models":[{}],"plans":[{}],"more":1}']
    const seen = Object.keys(EDGE_VARIABLES).flatMap((name) =>
      odd.flatMap((text) => complaints({ [name]: text })),
    )
    expect(seen.length).toBeGreaterThan(100)
    for (const complaint of seen) expect(complaint).not.toMatch(/Invalid|expected|received|undefined|NaN|Too/)
  })

  it('says of each variable that must be set what to put there', () => {
    const rows = Object.entries<{ fallback: string | undefined; put?: string }>(EDGE_VARIABLES)
    const needed = rows.filter(([, { fallback }]) => fallback === undefined)
    expect(needed.length).toBeGreaterThan(3)
    for (const [name, { put }] of needed) {
      expect(put, name).toBeTruthy()
      expect(complaints({ [name]: undefined })).toEqual([`${name}: is missing: put ${put} there`])
    }
  })

  it('complains of everything that is wrong at once, and of nothing that only follows from it', () => {
    const names = complaints({
      UPSTASH_REDIS_REST_TOKEN: undefined,
      REDIS_TIMEOUT_MS: '1',
      FIREBASE_PROJECT_IDS: 'My Project,my-project,my-project',
      CATALOG: '{',
      ANONYMOUS_PLAN: 'gold',
      WEBHOOK_URL: 'https://hook.example',
      WEBHOOK_SECRET: 'open sesame',
      LEDGER_SUPABASE_URL: 'https://abc.supabase.co',
    }).map((complaint) => complaint.split(':')[0])
    expect(names).toEqual([
      'UPSTASH_REDIS_REST_TOKEN',
      'REDIS_TIMEOUT_MS',
      'FIREBASE_PROJECT_IDS',
      'FIREBASE_PROJECT_IDS',
      'CATALOG',
      'WEBHOOK_SECRET',
      'LEDGER_SUPABASE_URL',
    ])
  })

  it('shows the value of no secret, whatever is wrong with it', () => {
    const secrets = Object.entries(EDGE_VARIABLES).flatMap(([name, row]) => ('secret' in row ? [name] : []))
    expect(secrets.length).toBeGreaterThan(5)
    for (const wrong of [CANARY, `"${CANARY}"`, `["${CANARY}"]`, `{"${CANARY}":"x"}`, `{"x":"${CANARY}"}`])
      for (const name of secrets) expect(complaints({ [name]: wrong }).join(), name).not.toContain('canary')
    const all = complaints(Object.fromEntries(secrets.map((name) => [name, `{"${CANARY}":"${CANARY}"}`])))
    expect(all.length).toBeGreaterThan(4)
    expect(all.join()).not.toContain('canary')
  })
})
