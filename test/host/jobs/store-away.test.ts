import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enqueue, jobOf, stories } from '../../fixtures/host/enqueue.ts'
import { type Serving, serve } from '../../fixtures/host/serving.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { type JobsRedis, startJobsRedis } from './jobs-redis.ts'

const INPUTS = 24
const TOKENS = 40

/** What becomes of the next requests to the store: not taken, taken but never answered, or as it should be. */
type Fault = 'away' | 'deaf'

let redis: JobsRedis
let serving: Serving
let faults: Fault[] = []
let struck = 0

const front = createServer(async (request, response) => {
  const fault = faults.shift()
  if (fault !== undefined) struck++
  if (fault === 'away') return request.socket.destroy()
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const { HOST_JOBS_REDIS_URL: url = '', HOST_JOBS_REDIS_TOKEN: token = '' } = redis.variables
  const answer = await fetch(url + request.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.concat(pieces),
  })
  const text = await answer.text()
  if (fault === 'deaf') return request.socket.destroy()
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
})

beforeAll(async () => {
  redis = await startJobsRedis()
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const models = [{ id: 'chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' }]
  serving = await serve(models, {
    ...redis.variables,
    HOST_SLOTS: '4',
    HOST_JOBS_REDIS_URL: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
  })
})
afterAll(async () => {
  await serving.stop()
  front.close()
  front.closeAllConnections()
  await redis.stop()
})

test.each<[string, Fault[]]>([
  ['does not answer', ['away', 'away', 'away', 'away']],
  ['takes what it is sent, and its answer is lost', ['deaf', 'deaf', 'deaf']],
  ['does one and the other', ['deaf', 'away', 'deaf', 'away']],
])('a store that %s for a while: nothing is lost, computed twice or counted twice', async (_what, coming) => {
  serving.lines.length = 0
  struck = 0
  // One that an earlier try has left nothing of.
  const id = `job${crypto.randomUUID()}`
  await enqueue(redis.command, serving.signer, {
    id,
    model: 'chat',
    path: '/v1/completions',
    scope: 'chat',
    bodies: stories(INPUTS, TOKENS),
  })
  const record = async () => (await jobOf(redis.command, id)).record
  await expect.poll(async () => Number((await record()).done), { interval: 10 }).toBeGreaterThan(0)
  faults = [...coming]
  await expect.poll(async () => (await record()).state, { interval: 20 }).toBe('done')
  // The last may strike an answer that is repeated after the job is done.
  await expect.poll(() => struck).toBe(coming.length)
  const { record: ended, results } = await jobOf(redis.command, id)
  expect(results.size).toBe(INPUTS)
  expect(ended).toMatchObject({
    done: String(INPUTS),
    failed: '0',
    output_tokens: String(INPUTS * TOKENS),
  })
  const runs = serving.lines.filter((line) => line.startsWith('run '))
  expect(runs).toHaveLength(INPUTS)
  await expect.poll(() => serving.lines.filter((line) => line.startsWith('job_ended '))).toHaveLength(1)
})
