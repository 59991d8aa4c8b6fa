import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createIssuer, type Issuer } from '../../local/issuer/issuer.ts'
import { isRunning } from '../../local/stack-file.ts'
import { ctrlC, npmStartIn, ownTemporaryFolder, ROOT, type Started } from './start.ts'

const dir = await ownTemporaryFolder()
const folder = join(dir, 'my-project')
const CONFIG = {
  emulators: ['firebase:demo-mine'],
  edge: { ANONYMOUS_PLAN: 'free' },
}

/** What the Auth emulator gives to who signs in without an address. */
function emulatorToken(): string {
  const at = Math.floor(Date.now() / 1000)
  const firebase = { identities: {}, sign_in_provider: 'anonymous' }
  return new UnsecuredJWT({ user_id: 'u1', sub: 'u1', auth_time: at, provider_id: 'anonymous', firebase })
    .setIssuer('https://securetoken.google.com/demo-mine')
    .setAudience('demo-mine')
    .setIssuedAt(at)
    .setExpirationTime(at + 600)
    .encode()
}

describe("npm start in one's own project", () => {
  let started: Started
  let own: Issuer
  beforeAll(async () => {
    await mkdir(folder)
    own = await createIssuer()
    // As npm init leaves a folder.
    await writeFile(join(folder, 'package.json'), '{ "name": "my-project", "type": "commonjs" }')
    await writeFile(join(folder, 'twohop.config.ts'), `export default ${JSON.stringify(CONFIG)}`)
    await writeFile(
      join(folder, '.env'),
      'HOST_URL=https://prod.example\nALLOWED_ORIGINS=https://app.example\n',
    )
    started = npmStartIn(folder, dir, '--port', '0', '--verbose', '--supabase-url', own.supabase.url)
    await started.printed('Sign in')
  })
  afterAll(async () => {
    if (isRunning(Number(started.process.pid))) ctrlC(started)
    await started.closed
    await own.close()
  })
  const usage = async (token: string, headers: Record<string, string> = {}) =>
    fetch(`${(await started.stack()).edge.url}/v1/usage`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    })

  test('says what it read and left aside', () => {
    const { stdout } = started.output()
    expect(started.output().stderr).toBe('')
    expect(stdout).toMatch(/^settings twohop\.config\.ts: emulators, edge$/m)
    expect(stdout).toMatch(/^settings \.env: ALLOWED_ORIGINS \(left aside: HOST_URL\)$/m)
    expect(stdout).toMatch(/^edge +Node at \S+, takes tokens of firebase:demo-mine /m)
  })

  test('takes tokens of an emulator, of a project of its own, and of demo users', async () => {
    const { tokens } = await started.stack()
    const { supabase } = await own.mintDemoTokens()
    for (const token of [emulatorToken(), supabase.pro, tokens.supabase.pro, tokens.firebase.pro])
      expect((await usage(token)).status).toBe(200)
    const page = await usage(emulatorToken(), { origin: 'https://app.example' })
    expect(page.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect((await usage(emulatorToken(), { 'x-forwarded-for': '203.0.113.7' })).status).toBe(403)
  })

  test('names the mode in every line of the log', async () => {
    const logged = () => started.output().stdout.match(/^edge +\{.*$/gm) ?? []
    // A line comes behind the answer that it tells of.
    await expect.poll(logged).not.toEqual([])
    for (const line of logged()) expect(line).toContain('{"mode":"emulators",')
  })

  test('npx twohop token prints a token that it takes', async () => {
    const cli = join(ROOT, 'cli/twohop.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'token', '--plan', 'pro'], {
      env: { ...process.env, TWOHOP_DIR: dir },
    })
    const answer = await usage(stdout.trimEnd())
    expect([answer.status, await answer.json()]).toMatchObject([200, { plan: 'pro' }])
  })

  test('a setting that does not fit is told with its file and field, and exit code 1', async () => {
    const other = join(dir, 'other-project')
    await mkdir(other, { recursive: true })
    await writeFile(join(other, 'twohop.config.ts'), 'export default { edge: { ANONYMOUS_PLNA: "free" } }')
    const { closed, output } = npmStartIn(other, dir, '--port', '0')
    expect(await closed).toBe(1)
    expect(output().stderr).toBe(
      'twohop.config.ts: edge.ANONYMOUS_PLNA is no variable of the edge: docs/configuration.md lists them.\n',
    )
  })
})
