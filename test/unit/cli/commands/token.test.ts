import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { run } from '../../../../cli/run.ts'
import { createVerifyToken } from '../../../../edge/identity/verify.ts'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { createIssuer, type Issuer } from '../../../../local/issuer/issuer.ts'
import catalog from '../../../../shared/catalog.json' with { type: 'json' }
import { EDGE_NEEDS } from '../../../fixtures/edge-variables.ts'
import { unreadLog } from '../../../fixtures/log.ts'

let dir: string
let issuer: Issuer
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-token-'))
  vi.stubEnv('TWOHOP_DIR', dir)
  issuer = await createIssuer({ dir: join(dir, 'issuer') })
  return async () => {
    vi.unstubAllEnvs()
    await issuer.close()
    await rm(dir, { recursive: true, maxRetries: 10 })
  }
})

const stackFile = (name: string, edge: { url: string; pid: number }, trusted = true) =>
  writeFile(
    join(dir, name),
    JSON.stringify({ edge, catalog, issuers: { ...issuer, firebase: { ...issuer.firebase, trusted } } }),
  )
const EDGE = { url: 'http://127.0.0.1:8787', pid: process.pid }

async function token(...words: string[]) {
  const said = { out: '', err: '' }
  const code = await run(['token', ...words], {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    ...{ colour: false, signal: new AbortController().signal },
  })
  return { code, ...said }
}
const principal = (printed: string) =>
  createVerifyToken(edgeConfig({ ...EDGE_NEEDS, ...issuer.environment }).issuers, {
    ...{ fetch, now: Date.now, log: unreadLog },
  })(printed.trimEnd())

describe('twohop token', () => {
  it("prints a token that the stack's edge verifies, and nothing else", async () => {
    await stackFile('stack.json', EDGE)
    const { code, out, err } = await token()
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(await principal(out)).toMatchObject({ issuer: 'supabase', plan: undefined, emailVerified: true })
    const { iat = 0, exp } = decodeJwt(out.trimEnd())
    expect(exp).toBe(iat + 3600)
  })

  it('takes the user, the platform, the plan and the life', async () => {
    await stackFile('stack.json', EDGE)
    const firebase = await token('--platform', 'firebase', '--user', 'admin', '--plan', 'free', '--ttl', '60')
    expect(await principal(firebase.out)).toMatchObject({
      ...{ issuer: 'firebase', subject: 'demo-admin', plan: 'free', roles: ['admin'] },
    })
    const { iat = 0, exp } = decodeJwt(firebase.out.trimEnd())
    expect(exp).toBe(iat + 60)
    const unverified = await token('--platform', 'firebase', '--user', 'unverified')
    expect(await principal(unverified.out)).toMatchObject({ emailVerified: false })
    const supabase = await token('--plan', 'pro')
    expect(await principal(supabase.out)).toMatchObject({
      issuer: 'supabase',
      plan: 'pro',
      emailVerified: true,
    })
  })

  it('finds the stack of a port', async () => {
    await stackFile('stack.json', EDGE)
    await stackFile('stack-9000.json', { ...EDGE, url: 'http://127.0.0.1:9000' })
    expect((await token('--port', '9000')).code).toBe(0)
    expect((await token('--port', '8787')).code).toBe(0)
    expect((await token('--port', '8788')).code).toBe(1)
  })

  it('says what is wrong, and prints nothing then', async () => {
    const none = await token()
    expect(none).toEqual({
      code: 1,
      out: '',
      err: `twohop: No stack runs in ${dir}: start one with npm start.\n`,
    })
    await stackFile('stack.json', { ...EDGE, pid: 2 ** 22 + 1 })
    expect((await token()).code).toBe(1)
    await stackFile('stack.json', EDGE, false)
    expect((await token('--platform', 'firebase')).err).toContain('a Firebase project of yours')
    expect(await token('--plan', 'gold')).toMatchObject({
      code: 2,
      err: 'twohop: --plan is one of free, pro.\n',
    })
    expect(await token('--user', 'unverified')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('take --platform firebase'),
    })
    expect((await token('--ttl', '86401')).code).toBe(2)
    expect((await token('--user', 'nobody')).code).toBe(2)
  })
})
