import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { serveNode } from '../../../../edge/runtime/node-server.ts'
import { NotConfigured } from '../../../../edge/runtime/not-configured.ts'
import { bundleEdge } from '../../../../local/edge/bundle.ts'
import type { ErrorEnvelope } from '../../../../shared/errors.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const variables = {
  ...EDGE_VARIABLES_SET,
  EDGE_PORT: '0',
  EDGE_SCHEDULE_SECONDS: '0',
}
const unread = () => {}

/** What an edge of these variables says instead of starting. */
async function complaintsOf(wrong: Record<string, string>): Promise<string[]> {
  const error = await serveNode(wrong, unread).catch((thrown: unknown) => thrown)
  return error instanceof NotConfigured ? error.complaints.map(String) : expect.fail('it starts')
}

/** Runs the edge's own process to its end. */
async function run(env: Record<string, string>) {
  const main = fileURLToPath(new URL('../../../../edge/runtime/node.ts', import.meta.url))
  const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH, ...env } })
  const output = Promise.all(
    [child.stdout, child.stderr].map(async (part) => (await part.toArray()).join('')),
  )
  const [code] = await once(child, 'exit')
  const [stdout, stderr] = await output
  return { code, stdout, stderr }
}

it("names every variable that does not fit, its own and the edge's", async () => {
  const { HOST_URL: _, ...rest } = { ...variables, EDGE_PORT: '70000', EDGE_PROXIES: 'many' }
  expect(await complaintsOf(rest)).toEqual([
    'EDGE_PORT: must be a whole number from 0 to 65535',
    'EDGE_PROXIES: must be a whole number from 0 to 10',
    expect.stringMatching(/^HOST_URL: is missing: put the address /),
  ])
  expect(await complaintsOf({ ...variables, EDGE_BIND: '', EDGE_DRAIN_SECONDS: '-1' })).toEqual([
    'EDGE_DRAIN_SECONDS: must be a whole number from 0 to 3600',
  ])
})

it('does not listen with a key whose halves do not belong together', async () => {
  const { x, ...rest } = JSON.parse(EDGE_VARIABLES_SET.SERVICE_TOKEN_PRIVATE_KEY)
  const key = JSON.stringify({ ...rest, x: x.replace('A6EH', 'B6EH') })
  expect(await complaintsOf({ ...variables, SERVICE_TOKEN_PRIVATE_KEY: key })).toEqual([
    expect.stringMatching(/^SERVICE_TOKEN_PRIVATE_KEY: its x is not the public half/),
  ])
})

it('serves, says that it is up, and takes no more once it has drained', async () => {
  const edge = await serveNode(variables, unread)
  const health = await fetch(`${edge.url}/healthz`)
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  await edge.drain()
  await expect(fetch(`${edge.url}/healthz`)).rejects.toThrow()
})

it('answers with a clean error what the server itself would throw at', async () => {
  const edge = await serveNode(variables, unread)
  const refused = await fetch(`${edge.url}/v1/models`)
  expect([refused.status, refused.headers.get('content-type')]).toEqual([401, 'application/json'])
  await edge.drain()
})

it('ends with a line for each variable, and shows no secret', async () => {
  const { UPSTASH_REDIS_REST_TOKEN: _, ...rest } = variables
  const { code, stdout, stderr } = await run({ ...rest, API_KEY_SECRETS: 'short-secret' })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe(
    `The edge cannot start:
  UPSTASH_REDIS_REST_TOKEN: is missing: put the REST token of that database there
  API_KEY_SECRETS: must be secrets of at least 32 characters each
docs/configuration.md says what each variable is for.
`,
  )
})

it('ends with one line where its port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const { code, stderr } = await run({ ...variables, EDGE_PORT: String(port) })
  taken.close()
  expect(code).toBe(1)
  expect(stderr?.split('\n')[1]).toBe(
    `  EDGE_PORT: port ${port} on 127.0.0.1 is taken; put another there, or 0 for any free one`,
  )
})

describe('with EDGE_EMULATORS', () => {
  const emulated = { ...variables, EDGE_EMULATORS: 'firebase:demo-twohop' }
  const now = () => Math.floor(Date.now() / 1000)
  const token = () =>
    new UnsecuredJWT({
      ...{
        iss: 'https://securetoken.google.com/demo-twohop',
        aud: 'demo-twohop',
        sub: 'u1',
        auth_time: now(),
      },
      ...{ iat: now(), exp: now() + 60, firebase: { sign_in_provider: 'anonymous' } },
    }).encode()
  const usage = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/v1/usage`, {
      headers: { authorization: `Bearer ${token()}`, ...headers },
    })
    return ((await answer.json()) as ErrorEnvelope).error.code
  }

  /** What a stranger gets through an nginx that was told `proxy_pass` and nothing else. */
  const asNginx = async (url: string) => {
    const { host, port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      `GET /v1/usage HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\nAuthorization: Bearer ${token()}\r\n\r\n`,
    )
    return (await socket.toArray()).join('')
  }

  it('takes an emulated token, and without it does not', async () => {
    const lines: string[] = []
    const edge = await serveNode({ ...emulated, ANONYMOUS_PLAN: 'free' }, (line) => lines.push(line))
    // Nobody runs its store, which is asked once a token is believed.
    expect(await usage(edge.url)).toBe('store_unavailable')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ mode: 'emulators' })
    expect(await usage(edge.url, { 'x-forwarded-for': '203.0.113.7' })).toBe('origin_not_allowed')
    expect(await asNginx(edge.url)).toContain('"code":"origin_not_allowed"')
    const message = await fetch(`${edge.url}/v1/messages`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect(await message.json()).toMatchObject({
      type: 'error',
      error: { type: 'permission_error', details: { error_code: 'origin_not_allowed' } },
    })
    await edge.drain()
    const real = await serveNode(variables, unread)
    expect(await usage(real.url)).toBe('token_issuer_unknown')
    await real.drain()
  })

  it('does not listen where others could reach it', async () => {
    for (const [more, complaint] of [
      [{ EDGE_BIND: '0.0.0.0' }, 'EDGE_EMULATORS: only where EDGE_BIND is an address of this machine alone'],
      [
        { EDGE_BIND: 'localhost' },
        'EDGE_EMULATORS: only where EDGE_BIND is an address of this machine alone',
      ],
      [{ EDGE_PROXIES: '1' }, 'EDGE_EMULATORS: only where EDGE_PROXIES is none'],
      [{ NODE_ENV: 'production' }, 'EDGE_EMULATORS: not where NODE_ENV is production'],
    ] as const)
      expect(await complaintsOf({ ...emulated, ...more })).toEqual([complaint])
  })

  it('names the mode in the lines of the process too', async () => {
    const { code, stderr } = await run({ ...emulated, EDGE_BIND: '0.0.0.0' })
    expect([code, stderr?.includes('EDGE_EMULATORS: only where')]).toEqual([1, true])
  })

  it('is not in the worker that wrangler deploys', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'twohop-bundle-'))
    const { module } = await bundleEdge(dir)
    const worker = await readFile(module, 'utf8')
    await rm(dir, { recursive: true })
    // The bundle is minified, but texts stay; this one shows that they are looked at.
    expect(worker).toContain('token_algorithm_refused')
    for (const text of ['EDGE_EMULATORS', 'Unsecured', 'token-with-at-least-32', 'is emulated here'])
      expect([text, worker.includes(text)]).toEqual([text, false])
  })
})
