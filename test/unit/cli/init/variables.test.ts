import { describe, expect, it } from 'vitest'
import { newCatalog } from '../../../../cli/init/catalog.ts'
import { edgeSettings, hostSettings } from '../../../../cli/init/variables.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { fromFirebase } from '../../../../edge/runtime/firebase-variables.ts'
import { fromSupabase } from '../../../../edge/runtime/supabase-variables.ts'
import { readConfig as hostConfig } from '../../../../inference-host/config.ts'
import { serviceKeys } from '../../../../local/service-keys.ts'

const keys = await serviceKeys()
const ANSWERS = {
  firebaseProjects: ['my-project'],
  supabaseUrls: ['https://abc.supabase.co'],
  model: 'embedded',
  modelId: undefined,
  kind: 'chat',
  context: undefined,
  origins: ['https://app.example', 'moz-extension://*'],
  redisUrl: 'https://abc.upstash.io',
  hostUrl: 'https://host.example',
} as const
const NOTHING_KEPT = { redisToken: 'a-token-of-redis', kept: new Map<string, string>() }
const settings = (runtime: 'workers' | 'supabase' | 'firebase' | 'node', how = NOTHING_KEPT) => {
  const { plain, secret } = edgeSettings(
    {
      ...ANSWERS,
      firebaseProjects: ['my-project'],
      supabaseUrls: ['https://abc.supabase.co'],
      origins: [...ANSWERS.origins],
      runtime,
    },
    newCatalog(undefined, undefined),
    keys,
    how,
  )
  return { plain, secret, all: Object.fromEntries([...plain, ...secret]) }
}

describe('what init writes', () => {
  it.each([
    ['workers', (all: Record<string, string>) => all],
    ['node', (all: Record<string, string>) => all],
    ['supabase', fromSupabase],
    ['firebase', fromFirebase],
  ] as const)('configures the edge on %s, as that reads it', (runtime, read) => {
    const config = edgeConfig(read(settings(runtime).all))
    expect(JSON.stringify(config)).toContain('https://host.example')
  })

  it('names nothing as the platform names its own', () => {
    expect(Object.keys(settings('supabase').all).filter((name) => name.startsWith('SUPABASE_'))).toEqual([])
    expect(Object.keys(settings('firebase').all).filter((name) => name.startsWith('FIREBASE_'))).toEqual([])
    expect(settings('supabase').secret.has('SCHEDULE_SECRET')).toBe(true)
    expect(settings('node').secret.has('SCHEDULE_SECRET')).toBe(false)
  })

  it('has no secret among what is none', () => {
    const { plain, secret } = settings('workers')
    for (const value of secret.values()) expect([...plain.values()].join('\n')).not.toContain(value)
  })

  it('keeps the secrets that are there, on which API keys depend', () => {
    const kept = new Map([
      ['API_KEY_SECRETS', 'x'.repeat(40)],
      ['UPSTASH_REDIS_REST_TOKEN', 'old'],
    ])
    expect(settings('node', { redisToken: 'new', kept }).all).toMatchObject({
      API_KEY_SECRETS: 'x'.repeat(40),
      UPSTASH_REDIS_REST_TOKEN: 'new',
    })
    expect(settings('node', { ...NOTHING_KEPT, kept }).all.API_KEY_SECRETS).toBe('x'.repeat(40))
  })

  it('gives the host public keys alone', () => {
    const host = Object.fromEntries(hostSettings(keys))
    expect(hostConfig(host).SERVICE_TOKEN_PUBLIC_KEYS).toContain(keys.privateKey.x)
    expect(JSON.stringify(host)).not.toContain(keys.privateKey.d)
  })
})
