import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSupabaseAdmin } from '../../../../edge/sync/supabase-admin.ts'
import { createSupabaseJsAdmin } from '../../../../edge/sync/supabase-js-admin.ts'
import { startGoTrue } from '../../../fixtures/issuer-servers.ts'
import { CLAIM_NAMES } from '../../../fixtures/signed-world.ts'

const SERVICE_KEY = 'sb_secret_0123456789abcdef'
const USER = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'

let gotrue: Awaited<ReturnType<typeof startGoTrue>>
beforeAll(async () => {
  gotrue = await startGoTrue(SERVICE_KEY)
})
afterAll(() => gotrue.close())
beforeEach(() => gotrue.users.clear())

describe.each([
  { how: 'by REST', adminOf: createSupabaseAdmin },
  { how: 'by supabase-js', adminOf: createSupabaseJsAdmin },
])("Supabase's administration $how", ({ adminOf }) => {
  const supabase = (serviceKey = SERVICE_KEY, names = CLAIM_NAMES) =>
    adminOf({ names, fetch, url: gotrue.url, serviceKey })

  it('merges plan and status into app_metadata, and bans while suspended', async () => {
    const before = { provider: 'email', role: 'owner', twohop: { role: 'developer' } }
    gotrue.users.set(USER, { id: USER, app_metadata: { ...before } })
    await supabase().setState(USER, { plan: 'pro', status: 'suspended' })
    await supabase().endSessions(USER)
    expect(gotrue.users.get(USER)).toEqual({
      id: USER,
      app_metadata: { ...before, twohop: { role: 'developer', plan: 'pro', status: 'suspended' } },
      ban_duration: '876000h',
    })
    await supabase().setState(USER, { status: 'active' })
    await supabase().setState(USER, { plan: null })
    expect(gotrue.users.get(USER)).toEqual({ id: USER, app_metadata: before })
  })

  it('writes where the edge reads, if other names are configured', async () => {
    gotrue.users.set(USER, { id: USER, app_metadata: { tier: 'free', mine: { status: 'suspended' } } })
    const named = supabase(SERVICE_KEY, { object: 'mine', others: { plan: 'tier' } })
    await named.setState(USER, { plan: null, status: 'active' })
    expect(gotrue.users.get(USER)?.app_metadata).toEqual({})
  })

  it('says what went wrong by a code, and repeats no key', async () => {
    await expect(supabase().endSessions(USER)).rejects.toMatchObject({ code: 'user_unknown' })
    await expect(supabase().setState(USER, { plan: 'pro' })).rejects.toMatchObject({ code: 'user_unknown' })
    const error = await supabase('another-key-of-20-chars')
      .endSessions(USER)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SyncError', code: 'refused' })
    expect(String((error as Error).stack)).not.toMatch(/sb_secret|another-key/)
  })

  it('does not wait for what does not answer, and sends the key nowhere else', async () => {
    const silent: typeof fetch = (_, init) => {
      const { promise, reject } = Promise.withResolvers<Response>()
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      return promise
    }
    const away = adminOf({
      names: CLAIM_NAMES,
      fetch: silent,
      url: gotrue.url,
      serviceKey: SERVICE_KEY,
      timeoutMs: 20,
    })
    await expect(away.endSessions(USER)).rejects.toMatchObject({ code: 'unavailable' })
    const elsewhere: string[] = []
    const moved: typeof fetch = async (input, init) => {
      elsewhere.push(String(init?.redirect))
      return new Response(null, {
        status: 302,
        headers: { location: `https://evil.example/${String(input).length}` },
      })
    }
    const redirected = adminOf({ names: CLAIM_NAMES, fetch: moved, url: gotrue.url, serviceKey: SERVICE_KEY })
    await expect(redirected.endSessions(USER)).rejects.toMatchObject({ code: 'unavailable' })
    expect(new Set(elsewhere)).toEqual(new Set(['manual']))
  })
})
