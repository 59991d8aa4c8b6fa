import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { run } from '../../../cli/run.ts'
import { CATALOG_READ_MS } from '../../../edge/access/catalog-source.ts'
import { commandOf, createTyping, wordsOf } from '../../fixtures/commands/typed.ts'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { OPENAI_ANSWERS } from '../../fixtures/vendors/openai.ts'
import { startScripted } from '../../fixtures/vendors/scripted.ts'

// The command on a real Redis, and an edge that takes what it pushed.

const { typed, untyped } = createTyping(import.meta.filename)
let fake: Awaited<ReturnType<typeof startScripted>>
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let dir: string
const at = { skipped: 0 }

beforeEach(async () => {
  at.skipped = 0
  dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  fake = await startScripted(() => OPENAI_ANSWERS.text?.whole ?? {})
  edge = await startUpstreamEdge({
    upstreams: [{ id: 'openai', kind: 'openai', url: `${fake.url}/v1` }],
    models: [upstreamModel('chat', { tasks: ['chat'], upstreams: [{ id: 'openai' }] })],
    variables: { CATALOG_STORE: 'redis', BODY_LIMIT_BYTES: '1024' },
  })
  vi.stubEnv('UPSTASH_REDIS_REST_URL', edge.redis.url)
  vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', edge.redis.token)
  vi.stubEnv('CATALOG', edge.catalog)
  // The edge's clock alone: a minute passes without being waited for.
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + at.skipped)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  await fake.stop()
  await edge.stop()
  await rm(dir, { recursive: true })
})

async function twohop(words: string[], answer?: string) {
  const said = { out: '', err: '' }
  const code = await run(['catalog', ...words], {
    out(text) {
      said.out += text
    },
    err(text) {
      said.err += text
    },
    colour: false,
    ask: answer === undefined ? undefined : async () => answer,
    signal: new AbortController().signal,
  })
  return { code, ...said }
}
/** What docs/versions.md says, by its first word behind `catalog`. */
const type = (name: string, put: Record<string, string>, answer?: string) =>
  typed(commandOf('docs/versions.md', `npx twohop catalog ${name}`), put, (text) =>
    twohop(wordsOf(text).slice(3), answer),
  )
async function push(change: (model: Record<string, unknown>) => object, words = ['--yes'], answer?: string) {
  const catalog = JSON.parse(edge.catalog)
  const file = join(dir, 'catalog.json')
  await writeFile(file, JSON.stringify({ ...catalog, models: catalog.models.map(change) }))
  if (words.length === 0 && answer === 'y') return type('push', { 'catalog.json': file }, answer)
  return twohop(['push', file, ...words], answer)
}
async function ask(content: unknown = 'Hi') {
  const answer = await edge.fetch('http://edge.example/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', max_tokens: 16, messages: [{ role: 'user', content }] }),
  })
  const { error } = (await answer.json()) as { error?: { code: string } }
  return error?.code ?? answer.status
}
/** What is asked after a minute: the first that comes has the new catalog read, and mostly still sees the old one. */
async function later() {
  at.skipped += CATALOG_READ_MS
  await ask()
  await edge.charged()
  return ask()
}

it('the first request of an isolate is bounded by the catalog in Redis, not by the one that is deployed', async () => {
  const catalog = JSON.parse(edge.catalog)
  const seeing = {
    ...catalog,
    models: catalog.models.map((model: object) => ({ ...model, image_tokens: 1000 })),
  }
  await edge.stored('HSET', 'twohop:catalog', 'version', 0, 'catalog', JSON.stringify(seeing))
  // A PNG of 16 by 16 pixels, by its header.
  const png = `${'89504e470d0a1a0a0000000d494844520000001000000010'}${'00'.repeat(2000)}`
  const url = `data:image/png;base64,${Buffer.from(png, 'hex').toString('base64')}`
  expect(await ask([{ type: 'image_url', image_url: { url } }])).toBe(200)
  await edge.stored('DEL', 'twohop:catalog')
})

it('a price, a kill switch and a rollback hold at a running edge after a minute, at no round trip of a request', async () => {
  expect(await ask()).toBe(200)
  const first = (await edge.charged()).at(-1)
  const dearer = await push((model) => ({ ...model, prices: { prompt: 10, output: 40, compute_second: 0 } }))
  expect(dearer).toMatchObject({ code: 0, out: 'Version 1: edges take it within a minute.\n' })
  expect(dearer.err).toContain('~ models.chat.prices.prompt: 1 -> 10')
  expect(await later()).toBe(200)
  const events = await edge.charged()
  const [cheap, dear] = [first?.units ?? 0, 10 * (first?.units ?? 0)]
  expect([cheap, dear]).toContain(events.at(-2)?.units)
  expect(events.at(-1)?.units).toBe(dear)

  expect((await push((model) => ({ ...model, disabled: true }))).code).toBe(0)
  expect(await later()).toBe('model_disabled')
  const listed = await edge.fetch('http://edge.example/v1/models', {
    headers: { authorization: `Bearer ${edge.token}` },
  })
  expect(((await listed.json()) as { data: unknown[] }).data).toEqual([])

  expect(await twohop(['rollback', '--yes'])).toMatchObject({ code: 0 })
  expect(await later()).toBe(200)
  expect((await edge.charged()).at(-1)?.units).toBe(dear)
  expect(await twohop(['rollback', '--to', '0', '--yes'])).toMatchObject({ code: 0 })
  expect(await later()).toBe(200)
  expect((await edge.charged()).at(-1)?.units).toBe(first?.units)

  const { out } = await twohop(['list', '--json'])
  expect(JSON.parse(out).map(({ version }: { version: number }) => version)).toEqual([4, 3, 2, 1])
  const acts = (await edge.stored('XRANGE', 'twohop:audit', '-', '+')) as [string, string[]][]
  expect(acts.map(([, words]) => words[3])).toEqual([
    'catalog.push',
    'catalog.push',
    'catalog.rollback',
    'catalog.rollback',
  ])
})

it('what no edge would take is not pushed, nor what nobody confirmed', async () => {
  const wrong = await push((model) => ({ ...model, prices: { prompt: -1, output: 1 } }))
  expect(wrong.code).toBe(1)
  expect(wrong.err).toContain('models.0.prices.prompt')
  vi.stubEnv('ANONYMOUS_PLAN', 'gone')
  const unnamed = await push((model) => ({ ...model, context: 100 }))
  vi.stubEnv('ANONYMOUS_PLAN', '')
  expect(unnamed).toMatchObject({
    code: 1,
    err: expect.stringContaining('lacks the plan that a variable of the edge names'),
  })
  expect(await push((model) => ({ ...model, context: 100 }), [], 'n')).toMatchObject({ code: 1 })
  expect(await push((model) => ({ ...model, context: 100 }), [])).toMatchObject({ code: 2 })
  expect(await twohop(['rollback', '--to', '99', '--yes'])).toMatchObject({ code: 1 })
  expect(await edge.stored('HGET', 'twohop:catalog', 'version')).toBeNull()
  expect(await push((model) => ({ ...model, context: 200 }))).toMatchObject({ code: 0 })
  expect(await push((model) => ({ ...model, context: 100 }), [], 'y')).toMatchObject({ code: 0 })
  expect(JSON.parse((await type('show', {})).out).models[0].context).toBe(100)
  expect((await type('list', {})).out).toMatch(/^2\b.*catalog|^\s*2\b/m)
  expect(await type('rollback', {}, 'y')).toMatchObject({ code: 0 })
  expect(await edge.stored('HGET', 'twohop:catalog', 'version')).toBe('3')
})

it('types what it is listed for', () => expect(untyped()).toEqual([]))
