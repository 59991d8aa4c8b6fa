import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import { freePort } from '../../../bench/kit.ts'
import { createDrain } from '../../../edge/ledger/drain.ts'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { createUpstashStream } from '../../../edge/ledger/upstash.ts'
import { serveNode } from '../../../edge/runtime/node-server.ts'
import type { ErrorEnvelope } from '../../../shared/errors.ts'
import type { RunningPostgres } from '../../fixtures/each-postgres.ts'
import { mediaCatalog } from '../../fixtures/media-catalog.ts'
import { startMediaHost } from '../../fixtures/media-host.ts'
import { paceOwn } from '../../fixtures/pace-own.ts'
import { counters, events, type RunningRedis } from '../budget/each-redis.ts'
import { accountOf, edgeVariables, minted, publishedKeys } from '../strangers/edge.ts'

/** What the ledger has of a request. */
export type Row = {
  request_id: string
  task: string
  model: string
  outcome: string
  prompt_tokens: number
  output_tokens: number
  units: number
  reserved_units: number
}

const MODELS = mediaCatalog.models.map(({ id }) => id)
/** The same catalog with jobs. */
const catalog = {
  ...mediaCatalog,
  plans: mediaCatalog.plans.map((plan) => ({ ...plan, scopes: [...plan.scopes, 'jobs'] })),
}
const USER = 'ada'
const ACCOUNT = accountOf(USER)

/** The edge as a server, a host with the tiny models of sounds and images behind it, and a ledger behind both. */
export function mediaHops(redis: RunningRedis, postgres: RunningPostgres) {
  const issuer = publishedKeys()
  const lines: string[] = []
  let edge: Awaited<ReturnType<typeof serveNode>>
  let host: Awaited<ReturnType<typeof startMediaHost>>
  let folder: string
  let metrics: string
  let authorization: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'media-hops-'))
    paceOwn(pace())
    const { url, token } = redis.local()
    const variables = edgeVariables({ url, token }, issuer)
    const port = String(await freePort())
    metrics = `http://127.0.0.1:${port}/metrics`
    host = await startMediaHost(variables.SERVICE_TOKEN_PRIVATE_KEY, {
      variables: { HOST_METRICS_PORT: port, HOST_JOBS_REDIS_URL: url, HOST_JOBS_REDIS_TOKEN: token },
      write: (line) => void lines.push(line),
    })
    const own = { EDGE_PORT: '0', EDGE_SCHEDULE_SECONDS: '0', MEDIA_BODY_BYTES: '600000' }
    edge = await serveNode(
      { ...variables, ...own, HOST_URL: host.url, CATALOG: JSON.stringify(catalog) },
      () => {},
    )
    const user = { uid: USER, email: 'ada@example.com', customClaims: { twohop: { plan: 'media' } } }
    authorization = `Bearer ${await minted().mintFirebase(user)}`
  }, 120_000)
  afterAll(async () => {
    await edge?.drain()
    await host?.stop()
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true, maxRetries: 10 })
  })
  beforeEach(async () => {
    lines.length = 0
    await redis.command('ZADD', 'twohop:jobs-served', ...MODELS.flatMap((id) => [9e15, id]))
  })

  const pace = () => join(folder, 'pace')

  function send(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const isForm = body instanceof FormData
    return fetch(`${edge.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization, ...(!isForm && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  }

  /** What the host's log says of the runs that ended. */
  const runs = () =>
    lines
      .filter((line) => line.startsWith('run '))
      .map((line) => Object.fromEntries(line.split(' ').flatMap((word) => wordOf(word))))

  /** A figure of the host's for a model. */
  async function figure(name: string, model: string): Promise<number> {
    const text = await (await fetch(metrics)).text()
    return Number(new RegExp(`^twohop_${name}{model="${model}"} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  }

  return {
    /** File by which the models are slowed down. */
    pace,
    send,
    figure,

    /** Asks for a transcription. */
    transcribe(file: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<Response> {
      const form = new FormData()
      form.set('model', 'speech')
      form.set('language', 'de')
      form.set('file', new File([file], 'talk'))
      return send('/v1/audio/transcriptions', form, signal)
    },

    /** A job's end. It is read from its events, so nothing is asked while it runs. */
    async job(endpoint: string, inputs: object[]): Promise<{ results: unknown[] }> {
      const taken = await send('/v1/jobs', { endpoint, inputs })
      expect(taken.status).toBe(202)
      const at = taken.headers.get('location') ?? ''
      await (await send(`${at}/events`)).text()
      const job = await (await send(at)).json()
      expect(job).toMatchObject({ status: 'done' })
      return job
    },

    /**
     * The one row that the ledger has in the end. All is settled then: what was used is the row's units, nothing is held and nothing runs.
     */
    async settled(): Promise<Row> {
      await expect.poll(async () => (await events(redis)).length).toBe(1)
      const [event] = await events(redis)
      const { url, token } = redis.local()
      const stream = createUpstashStream({ url, token, takenOverMs: 0 })
      const ledger = createSupabaseLedger({
        url: postgres.local().url,
        key: postgres.local().secretKey,
        fetch,
      })
      expect(await createDrain({ stream, ledger, now: Date.now })()).toMatchObject({ recorded: 1, buried: 0 })
      const rows = await postgres.local().owner<Row[]>`select request_id, task, model, outcome,
        prompt_tokens::int, output_tokens::int, units::int, reserved_units::int from twohop.usage_events`
      const [row, ...more] = rows
      if (!row || more.length > 0) throw new Error(`${rows.length} rows`)
      // The day on which it was reserved, which may have ended since.
      const day = `day:${new Date(Number(event?.reserved_at)).toISOString().slice(0, 10)}`
      expect(await counters(redis, day, ACCOUNT)).toMatchObject({ used: row.units, held: 0 })
      expect(await redis.command('ZCARD', `twohop:leases:${ACCOUNT}`)).toBe(0)
      return row
    },

    /** What the host's log says of a row's run, once it has ended. */
    async ran({ request_id }: Row): Promise<Record<string, string>> {
      const run = () => runs().find(({ id }) => id === request_id)
      await expect.poll(run).toBeDefined()
      return run() ?? {}
    },

    /** That nothing was reserved, charged or computed, and nothing is held. */
    async nothing(): Promise<void> {
      expect(await events(redis)).toEqual([])
      expect(await redis.command('KEYS', `twohop:budget:*`)).toEqual([])
      expect(runs()).toEqual([])
    },
  }
}

function wordOf(word: string): [string, string][] {
  const [name = '', value] = word.split('=')
  return value === undefined ? [] : [[name, value]]
}

/** The status of a refusal, its code and its field. */
export async function refusalOf(answer: Response): Promise<[number, string, string | null]> {
  const { error } = (await answer.json()) as ErrorEnvelope
  return [answer.status, error.code, error.param]
}
