import { describe, expect, it } from 'vitest'
import { issuerFindings } from '../../../../cli/doctor/issuer-findings.ts'
import { answering, NOBODY, withJson } from '../../../fixtures/answering.ts'

const project = (status: number, body: unknown, headers = {}) =>
  answering((_, response) => withJson(response, status, body, headers))
const found = (url: string, withSecret: string[] = []) =>
  issuerFindings({ supabaseUrls: [url], withSecret: new Set(withSecret) })
const KEYS = { keys: [{ kid: 'a', kty: 'EC' }] }

describe('the keys of users’ tokens', () => {
  it('are well where they are published, at both issuers', async () => {
    expect(await found(await project(200, KEYS))).toMatchObject([{ ok: true, detail: '1 published' }])
    const firebaseJwksUrl = await project(200, KEYS)
    const both = await issuerFindings({ firebaseJwksUrl, supabaseUrls: [], withSecret: new Set() })
    expect(both).toMatchObject([{ check: 'keys of Firebase', ok: true }])
  })

  it('are ill where nobody answers, or something else does', async () => {
    expect(await found(NOBODY)).toMatchObject([{ ok: false }])
    for (const at of [NOBODY, await project(500, {})]) {
      const own = {
        firebaseJwksUrl: `${at}/jwks?key=a-canary`,
        supabaseUrls: [],
        withSecret: new Set<string>(),
      }
      const ill = JSON.stringify(await issuerFindings(own))
      expect(ill).toContain(at)
      expect(ill).not.toContain('a-canary')
    }
    expect(await found(await project(404, {}))).toMatchObject([{ ok: false }])
    expect(await found(await project(200, { keys: 'none' }))).toMatchObject([{ ok: false }])
  })

  it('may be missing where the legacy secret is set, and only there', async () => {
    const url = await project(200, { keys: [] })
    expect(await found(url)).toMatchObject([
      { ok: false, detail: expect.stringContaining('SUPABASE_JWT_SECRETS') },
    ])
    expect(await found(url, [url])).toMatchObject([{ ok: true }])
  })

  it('are a warning where a cache keeps them too long', async () => {
    const old = await project(200, KEYS, { age: '700', 'cache-control': 'public, max-age=600' })
    expect(await found(old)).toMatchObject([{ ok: true, warns: true }])
  })
})
