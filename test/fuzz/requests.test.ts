import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, inject, it } from 'vitest'
import { ERRORS, type ErrorEnvelope } from '../../shared/errors.ts'
import { otherKeys, resign } from '../fixtures/signed-world.ts'
import { call, eventually, newUser, redis, stack } from '../fixtures/stack/client.ts'
import { FUZZ_REQUESTS, FUZZ_SEED } from './count.ts'
import { CANARY, type Fuzzed, requests } from './requests.ts'
import { type Tally, writeRun } from './table.ts'

const COUNT = FUZZ_REQUESTS
const SEED = FUZZ_SEED
/** Users who ask at the same time. */
const LANES = 4
/** Requests after which a lane goes on as somebody new: reads and acts are counted by the minute. */
const TURNS = 40
/** Milliseconds for an answer. The edge itself gives a request up before. */
const HANGS_MS = 60_000

const models = stack.catalog.models.map(({ id }) => id)

type Asker = Awaited<ReturnType<typeof newAsker>>

async function newAsker() {
  const { token, account } = await newUser('short', { role: 'developer' })
  const { token: admin, account: administrator } = await newUser('short', { role: 'admin' })
  const forger = await resign(token, otherKeys.firebase, { key: otherKeys.firebase.privateKey })
  const made = await call('/v1/keys', { token, body: { name: 'f', scopes: ['chat', 'embed', 'jobs'] } })
  const { key } = (await made.json()) as { key: string }
  return { accounts: [account, administrator], tokens: { user: token, admin, key, forger, nobody: '' } }
}

/** Units that these accounts have used or hold. */
async function unitsOf(accounts: readonly string[]): Promise<number> {
  const month = new Date().toISOString().slice(0, 7)
  const counters = await Promise.all(
    accounts.map((account) =>
      redis<(string | null)[]>('HMGET', `twohop:budget:${account}:month:${month}`, 'used', 'held'),
    ),
  )
  return counters.flat().reduce((sum, units) => sum + Number(units ?? 0), 0)
}

/** Sends a request and reads its answer to the end. @throws Error where it takes too long */
async function send({ method, path, body, headers, who }: Fuzzed, { tokens }: Asker) {
  const token = tokens[who]
  const answer = await call(path, {
    method,
    headers,
    signal: AbortSignal.timeout(HANGS_MS),
    edge: inject('countedEdge'),
    ...(token && { token }),
    ...(body !== undefined && { body }),
  })
  return { answer, text: await answer.text() }
}

/** What holds of every answer, whatever was sent. */
function judge({ answer, text }: Awaited<ReturnType<typeof send>>, { tokens }: Asker): void {
  expect(answer.status, text).toBeLessThan(500)
  for (const token of Object.values(tokens)) if (token) expect(text.includes(token)).toBe(false)
  if (answer.status < 400) return
  const { error } = JSON.parse(text) as ErrorEnvelope
  // Anthropic's form has no code; its message is the same.
  if (error.code !== undefined) expect(ERRORS).toHaveProperty(error.code)
  expect(text).not.toContain(CANARY)
  expect(text).not.toMatch(/\bat \S+ \(|node_modules|ReplyError|WRONGTYPE/)
}

async function lane(number: number, requestsOfIt: number, tally: Tally): Promise<void> {
  let asker = await newAsker()
  let turns = 0
  await fc.assert(
    fc.asyncProperty(requests(models), async (request) => {
      if (++turns % TURNS === 0) asker = await newAsker()
      const { accounts } = asker
      const before = await unitsOf(accounts)
      const sent = await send(request, asker)
      const { status } = sent.answer
      count(tally, request.operation, status)
      judge(sent, asker)
      // What came to the host is given back, or charged, off the way of the answer; what it may be charged is read anew.
      if (status >= 400)
        await eventually(async () => ((await unitsOf(accounts)) === before ? true : undefined)).catch(() => {
          throw new Error(`${status} was charged`)
        })
      else await settled(accounts)
    }),
    { numRuns: requestsOfIt, seed: SEED + number },
  )
}

function count(tally: Tally, operation: string, status: number): void {
  const counts = tally[operation] ?? {}
  tally[operation] = { ...counts, [status]: (counts[status] ?? 0) + 1 }
}

/** Waits until nothing of the accounts is under way. Jobs are: they hold until they are done, and settled by the cron. */
async function settled(accounts: readonly string[]): Promise<void> {
  for (const account of accounts)
    await eventually(async () =>
      (await redis<number>('ZCARD', `twohop:leases:${account}`)) === 0 ? true : undefined,
    )
}

it(`${COUNT} requests made from the schemas: nothing fails, hangs, leaks or is charged where it is refused`, async () => {
  const tally: Tally = {}
  const started = Date.now()
  await Promise.all(
    Array.from({ length: LANES }, (_, number) => lane(number, Math.ceil(COUNT / LANES), tally)),
  ).finally(() =>
    writeRun({
      seed: SEED,
      requests: Object.values(tally)
        .flatMap(Object.values)
        .reduce((sum, times) => sum + Number(times), 0),
      seconds: Math.round((Date.now() - started) / 1000),
      tally,
    }),
  )
  const log = readFileSync(join(inject('stackDir'), 'stack.log'), 'utf8')
  expect(log.split('\n').filter((line) => line.includes(CANARY))).toEqual([])
  expect(log).not.toMatch(/"level":"error"/)
})
