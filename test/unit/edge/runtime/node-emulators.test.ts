import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifyToken } from '../../../../edge/identity/verify.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import {
  createVerifyEmulated,
  EmulatorList,
  inEmulatorMode,
  refuseEmulators,
  withEmulated,
} from '../../../../edge/runtime/node-emulators.ts'
import { createIssuer, type Issuer } from '../../../../local/issuer/issuer.ts'
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'
import { readSources, repositoryFiles } from '../../../fixtures/imports.ts'
import { unreadLog } from '../../../fixtures/log.ts'

const PROJECT = 'demo-twohop'
const ISS = `https://securetoken.google.com/${PROJECT}`
const LOCAL_SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long'
const USER = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
const seconds = () => Math.floor(Date.now() / 1000)

let local: Issuer
beforeAll(async () => {
  local = await createIssuer()
})
afterAll(() => local.close())

const means = { fetch, now: () => Date.now(), log: unreadLog }
const emulators = () => ({ projects: [PROJECT], urls: [local.supabase.url] })
/** What the edge does in development mode, and what it does without. */
function verifiers() {
  const { issuers } = edgeConfig(withEmulated(EDGE_NEEDS, emulators()))
  return {
    emulated: createVerifyEmulated(emulators())(issuers, means),
    real: createVerifyToken(issuers, means),
  }
}

/** Claims as the Auth emulator writes them. */
const claims = (more: object = {}) => ({
  ...{
    iss: ISS,
    aud: PROJECT,
    sub: 'u1',
    user_id: 'u1',
    auth_time: seconds(),
    iat: seconds(),
    exp: seconds() + 3600,
  },
  ...{ email: 'u1@example.com', email_verified: true, twohop: { plan: 'pro' } },
  firebase: { identities: {}, sign_in_provider: 'password' },
  ...more,
})
const unsigned = (more: object = {}) => new UnsecuredJWT(claims(more)).encode()
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const hs256 = (secret: string, more: object = {}) =>
  new SignJWT({
    ...{ iss: `${local.supabase.url}/auth/v1`, sub: USER, aud: 'authenticated', role: 'authenticated' },
    ...{ iat: seconds(), exp: seconds() + 60, app_metadata: {}, ...more },
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret))

describe('the Firebase Auth emulator', () => {
  it('is believed in development mode, and nowhere else', async () => {
    const { emulated, real } = verifiers()
    expect(await emulated(unsigned())).toMatchObject({
      ...{ issuer: 'firebase', project: PROJECT, subject: 'u1', plan: 'pro' },
    })
    await expect(real(unsigned())).rejects.toMatchObject({ code: 'token_algorithm_refused' })
  })

  it.each<[string, () => string, string]>([
    ['has ended', () => unsigned({ exp: seconds() - 1 }), 'token_claims_invalid'],
    ['never ends', () => unsigned({ exp: undefined }), 'token_claims_invalid'],
    ['is of the future', () => unsigned({ iat: seconds() + 3600 }), 'token_not_yet_valid'],
    ['is for another audience', () => unsigned({ aud: 'another' }), 'token_claims_invalid'],
    ['names no user', () => unsigned({ sub: '' }), 'token_claims_invalid'],
    [
      'says that it is signed',
      () => `${part({ alg: 'RS256', kid: 'k' })}.${part(claims())}.c2ln`,
      'token_algorithm_refused',
    ],
    [
      'says none in other letters',
      () => `${part({ alg: 'None' })}.${part(claims())}.`,
      'token_algorithm_refused',
    ],
    [
      'has a signature after all',
      () => `${part({ alg: 'none' })}.${part(claims())}.c2ln`,
      'token_claims_invalid',
    ],
    [
      'demands an extension',
      () => `${part({ alg: 'none', crit: ['b64'] })}.${part(claims())}.`,
      'token_malformed',
    ],
  ])('not where a token %s', async (_, token, code) => {
    await expect(verifiers().emulated(token())).rejects.toMatchObject({ code })
  })

  it.each([
    ['another project', { iss: 'https://securetoken.google.com/my-project', aud: 'my-project' }],
    ['a list of issuers', { iss: [ISS] }],
    ['an issuer that begins so', { iss: `${ISS}/` }],
    ['a Supabase project', { iss: 'https://abc.supabase.co/auth/v1' }],
  ])('never speaks for %s', async (_, more) => {
    const { emulated, real } = verifiers()
    const token = `${part({ alg: 'none' })}.${part(claims(more))}.`
    expect(await emulated(token)).toBeUndefined()
    await expect(real(token)).rejects.toMatchObject({ code: 'token_issuer_unknown' })
  })
})

describe('a local Supabase', () => {
  it('is believed by its default secret and by its signing keys', async () => {
    const { emulated, real } = verifiers()
    expect(await emulated(await hs256(LOCAL_SECRET))).toMatchObject({ issuer: 'supabase', subject: USER })
    const signed = await local.mintSupabase({ id: USER, email: 'u@example.com' })
    expect(await emulated(signed)).toMatchObject({ issuer: 'supabase', subject: USER })
    await expect(real(await hs256(LOCAL_SECRET))).rejects.toMatchObject({ code: 'token_algorithm_refused' })
  })

  it('not by another secret, nor its keys for users', async () => {
    const { emulated } = verifiers()
    await expect(emulated(await hs256('k'.repeat(40)))).rejects.toMatchObject({
      code: 'token_signature_invalid',
    })
    await expect(emulated(await hs256(LOCAL_SECRET, { role: 'service_role' }))).rejects.toMatchObject({
      code: 'token_claims_invalid',
    })
    const none = `${part({ alg: 'none' })}.${part({ iss: `${local.supabase.url}/auth/v1`, sub: USER })}.`
    await expect(emulated(none)).rejects.toMatchObject({ code: 'token_algorithm_refused' })
  })

  it('whose secret everybody has is refused as that of a real project', () => {
    const SUPABASE_JWT_SECRETS = JSON.stringify({ 'https://abc.supabase.co': LOCAL_SECRET })
    const real = { ...EDGE_NEEDS, SUPABASE_URLS: 'https://abc.supabase.co', SUPABASE_JWT_SECRETS }
    expect(() => edgeConfig(real)).toThrow('is that of every local project, so anybody has it')
    expect(() => edgeConfig(real)).not.toThrow(LOCAL_SECRET)
  })
})

describe('development mode', () => {
  const allowed = { bind: '127.0.0.1', proxies: 0, variables: {} }
  const refused = (more: object, list = { projects: [PROJECT], urls: ['http://127.0.0.1:54321'] }) =>
    refuseEmulators(list, { ...allowed, ...more }).map(String)

  it('is refused where anybody else may reach the edge, or where it would name real users', () => {
    expect(refused({})).toEqual([])
    for (const bind of ['0.0.0.0', '::', '', 'localhost', '192.168.0.2'])
      expect(refused({ bind })).toEqual([
        'EDGE_EMULATORS: only where EDGE_BIND is an address of this machine alone',
      ])
    expect(refused({ proxies: 1 })).toEqual(['EDGE_EMULATORS: only where EDGE_PROXIES is none'])
    for (const NODE_ENV of ['production', 'Production', 'PROD', ' production'])
      expect(refused({ variables: { NODE_ENV } })).toEqual([
        'EDGE_EMULATORS: not where NODE_ENV is production',
      ])
    expect(refused({ variables: { NODE_ENV: 'development' } })).toEqual([])
    expect(refused({ variables: { FIREBASE_PROJECT_IDS: `my-project, ${PROJECT}` } })).toEqual([
      'EDGE_EMULATORS: names what FIREBASE_PROJECT_IDS or SUPABASE_URLS trusts for real already',
    ])
    expect(refused({ variables: { SUPABASE_URLS: 'http://127.0.0.1:54321/' } })).toEqual([
      'EDGE_EMULATORS: names what FIREBASE_PROJECT_IDS or SUPABASE_URLS trusts for real already',
    ])
  })

  it.each([
    ...[
      'firebase:',
      'firebase:Demo',
      'firebase:*',
      'supabase:https://abc.supabase.co',
      'supabase:http://localhost:54321',
    ],
    ...[
      'supabase:http://127.0.0.1:54321/x',
      'demo-twohop',
      'true',
      'firebase:demo-twohop,',
      'supabase:http://10.0.0.1',
    ],
  ])('is not understood as %j', (text) => {
    expect(EmulatorList.safeParse(text).success).toBe(false)
  })

  it('is understood as a list', () => {
    expect(EmulatorList.parse('firebase:demo-twohop, supabase:http://127.0.0.1:54321')).toEqual({
      projects: ['demo-twohop'],
      urls: ['http://127.0.0.1:54321'],
    })
  })

  it('is named in every line', () => {
    const lines: string[] = []
    inEmulatorMode((line) => lines.push(line))('{"level":"info","event":"listening"}')
    expect(lines).toEqual(['{"mode":"emulators","level":"info","event":"listening"}'])
  })

  it('is in nothing that is deployed elsewhere: only the edge on Node imports it', () => {
    const sources = new Map(
      readSources(repositoryFiles().filter((file) => /^(edge|shared)\/.*\.ts$/.test(file))).map((source) => [
        source.file,
        source.files,
      ]),
    )
    const reach = (entry: string) => {
      const seen = new Set([entry])
      for (const file of seen) for (const next of sources.get(file) ?? []) seen.add(next)
      return seen.has('edge/runtime/node-emulators.ts')
    }
    const entries = ['workers', 'supabase', 'firebase', 'node'].map((name) => `edge/runtime/${name}.ts`)
    expect(entries.filter(reach)).toEqual(['edge/runtime/node.ts'])
  })
})
