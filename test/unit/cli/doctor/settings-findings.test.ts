import { describe, expect, it } from 'vitest'
import { settingsFindings } from '../../../../cli/doctor/settings-findings.ts'
import { serviceKeys } from '../../../../local/service-keys.ts'

const keys = await serviceKeys()
const GOOD = {
  UPSTASH_REDIS_REST_URL: 'https://abc.upstash.io',
  UPSTASH_REDIS_REST_TOKEN: 'a-canary-token',
  HOST_URL: 'https://host.example',
  SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(keys.privateKey),
  SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(keys.publicKeys),
  API_KEY_SECRETS: 'x'.repeat(40),
  FIREBASE_PROJECT_IDS: 'my-project',
  ALLOWED_ORIGINS: 'https://app.example',
}
const levels = (more: Record<string, string>) =>
  settingsFindings({ ...GOOD, ...more })
    .filter(({ ok, warns }) => !ok || warns)
    .map(({ check, ok }) => `${ok ? 'warn' : 'ill'} ${check}`)

describe('the variables', () => {
  it('are well where nothing is missing and the keys are a pair', () => {
    expect(levels({})).toEqual([])
    expect(settingsFindings(GOOD).map(({ check }) => check)).toEqual(['variables', 'origins', 'key pair'])
  })

  it.each([
    [{ API_KEY_SECRETS: '' }, ['ill variable API_KEY_SECRETS']],
    [{ UPSTASH_REDIS_REST_TOKEN: '' }, ['ill variable UPSTASH_REDIS_REST_TOKEN']],
    [{ FIREBASE_PROJECT_IDS: '' }, ['ill variable FIREBASE_PROJECT_IDS']],
    [{ ALLOWED_ORIGINS: '*' }, ['ill variable ALLOWED_ORIGINS']],
    [{ ALLOWED_ORIGINS: '' }, ['warn origins']],
    [{ ALLOWED_ORIGINS: 'chrome-extension://*' }, ['warn origins']],
    [{ EDGE_EMULATORS: 'firebase:demo-x' }, ['ill emulators']],
  ])('are not with %j', (more, expected) => {
    expect(levels(more)).toEqual(expected)
  })

  it('are named once, with what to put there', () => {
    const [found] = settingsFindings({ ...GOOD, HOST_URL: '' })
    expect(found?.check).toBe('variable HOST_URL')
    expect(found?.detail).toMatch(
      /^is missing: put the address .*; until then the edge answers 503 not_configured$/,
    )
    const catalog = JSON.stringify({ default_plan: 'free', models: [], plans: [{ id: 7 }] })
    expect(levels({ CATALOG: catalog })).toContain('ill variable CATALOG.plans.0.id')
  })

  it('are ill where the host has the public half of another key', async () => {
    const { publicKeys } = await serviceKeys()
    expect(levels({ SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(publicKeys) })).toEqual(['ill key pair'])
    // The same name is not the same key.
    const renamed = { keys: publicKeys.keys.map((key) => ({ ...key, kid: keys.privateKey.kid })) }
    expect(levels({ SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(renamed) })).toEqual(['ill key pair'])
  })

  it('are never shown', async () => {
    const all = JSON.stringify(settingsFindings({ ...GOOD, HOST_URL: '', API_KEY_SECRETS: 'a-canary' }))
    expect(all).not.toContain('a-canary')
    expect(all).not.toContain(keys.privateKey.d)
    const { publicKeys } = await serviceKeys()
    const more = { ALLOWED_ORIGINS: 'https://a.example,https://b.example/?key=a-canary' }
    const found = settingsFindings({
      ...GOOD,
      ...more,
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(publicKeys),
    })
    expect(JSON.stringify(found)).toContain('entry 2 is never sent: browsers send https://b.example')
    expect(JSON.stringify(found)).not.toContain('a-canary')
  })
})
