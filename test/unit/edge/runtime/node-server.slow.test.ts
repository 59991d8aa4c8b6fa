import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { serveNode } from '../../../../edge/runtime/node-server.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'

const variables = {
  ...EDGE_VARIABLES_SET,
  EDGE_PORT: '0',
  EDGE_SCHEDULE_SECONDS: '0',
}
const unread = () => {}

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
  await expect(serveNode(rest, unread)).rejects.toMatchObject({
    complaints: [
      'EDGE_PORT: must be a whole number from 0 to 65535',
      'EDGE_PROXIES: must be a whole number from 0 to 10',
      expect.stringMatching(/^HOST_URL: is missing: put the address /),
    ],
  })
  await expect(
    serveNode({ ...variables, EDGE_BIND: '', EDGE_DRAIN_SECONDS: '-1' }, unread),
  ).rejects.toMatchObject({
    complaints: ['EDGE_DRAIN_SECONDS: must be a whole number from 0 to 3600'],
  })
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
