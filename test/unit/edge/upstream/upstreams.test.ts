import { expect, it } from 'vitest'
import { seeded } from '../../../../bench/seeded.ts'
import type { HostLoad } from '../../../../edge/upstream/host-load.ts'
import { type HostCall, NothingComputed, type UpstreamCaller } from '../../../../edge/upstream/port.ts'
import { createUpstreams } from '../../../../edge/upstream/upstreams.ts'
import { Catalog, type Model } from '../../../../shared/catalog.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { hostCall } from '../../../fixtures/host-call.ts'
import { readLog } from '../../../fixtures/log.ts'

const HOSTS = ['host-a', 'host-b'].map((id) => ({ id, kind: 'own', url: `http://10.0.0.1:8080/${id}` }))

/** The upstreams of a catalog whose first model is computed by two hosts. Hosts whose URL is `dead` do not answer. */
function world({
  upstreams = HOSTS as object[] | undefined,
  model = { upstreams: HOSTS.map(({ id }) => ({ id })) } as object,
  modelsNow = undefined as (() => readonly Model[]) | undefined,
} = {}) {
  const calls: HostCall[] = []
  const clock = { ms: 0 }
  const asked: string[] = []
  const dead = new Set<string>()
  const loads: (HostLoad | undefined)[] = []
  const { log, lines } = readLog()
  const ownHost = (url: string, load?: HostLoad) => {
    loads.push(load)
    const name = url.split('/').at(-1) ?? ''
    const there = () => {
      asked.push(name)
      if (dead.has(name)) throw new NothingComputed('host_unavailable', 'x')
    }
    const host: UpstreamCaller = {
      call: async (received) => {
        there()
        calls.push(received)
        return new Response('{}')
      },
      cancel: async () => undefined,
      usage: async () => undefined,
      countTokens: async () => 1,
      wake: async () => {},
    }
    const isReady = async () => {
      asked.push(`${name} ready?`)
      if (dead.has(name)) throw new TwohopError('host_unavailable', 'x')
      return true
    }
    const state = async ({ requestId }: { requestId: string }) => {
      if (dead.has(name)) throw new TwohopError('host_unavailable', 'x')
      return [
        { model: `chat, asked as ${requestId}`, running: 1, waiting: 2, resident: true, cache: undefined },
      ]
    }
    return { host, isReady, state }
  }
  const [first, ...others] = catalog.models
  const parsed = Catalog.parse({
    ...catalog,
    upstreams,
    models: [{ ...first, id: 'chat', ...model }, ...others],
    plans: catalog.plans.map((plan) => ({ ...plan, models: ['chat'] })),
  })
  const [chat] = parsed.models
  if (!chat) throw new Error('a catalog has models')
  const made = createUpstreams({
    catalog: parsed,
    modelsNow,
    ownHost,
    foreignHost: () => expect.fail('there is none'),
    hostUrl: 'http://10.0.0.1:8080/HOST_URL',
    now: () => clock.ms,
    random: seeded(1),
    log,
  })
  const call = (n: number) => made.host.call(hostCall({ requestId: `r${n}`, account: `account ${n}` }))
  return { ...made, chat, calls, clock, asked, dead, lines, loads, call }
}

it('a catalog without upstreams is the host of HOST_URL, with nothing in between', async () => {
  const { host, chat, isOwn, probe, loads, asked } = world({ upstreams: [], model: {} })
  await host.call(hostCall())
  expect(asked).toEqual(['HOST_URL'])
  expect(Object.keys(host).toSorted()).toEqual(['call', 'cancel', 'countTokens', 'usage', 'wake'])
  expect([isOwn(chat, undefined), probe, loads]).toEqual([true, undefined, [undefined]])
})

it('requests leave a host that died at its first failure, and come back when it says that it is there', async () => {
  const { call, asked, dead, clock, lines } = world()
  for (let i = 0; i < 40; i++) await call(i)
  expect(new Set(asked)).toEqual(new Set(['host-a', 'host-b']))

  dead.add('host-a')
  asked.length = 0
  for (let i = 0; i < 40; i++) await call(i)
  // One found out, and was taken to the other.
  expect(asked.filter((one) => one === 'host-a')).toHaveLength(1)
  expect(asked.filter((one) => one === 'host-b')).toHaveLength(40)
  expect(lines.map(({ event, upstream }) => [event, upstream])).toEqual([
    ['upstream_away', 'host-a'],
    ['upstream_failed', 'host-a'],
  ])

  asked.length = 0
  clock.ms += 1000
  for (let i = 0; i < 40; i++) await call(i)
  // Only a question goes there, once a second.
  expect(asked.filter((one) => one.startsWith('host-a'))).toEqual(['host-a ready?'])

  dead.delete('host-a')
  clock.ms += 1000
  for (let i = 0; i < 40; i++) await call(i)
  expect(asked.filter((one) => one === 'host-a').length).toBeGreaterThan(5)
  expect(lines.map(({ event }) => event)).toEqual(['upstream_away', 'upstream_failed', 'upstream_back'])
})

it('the scheduled probe finds out before a request does, both ways', async () => {
  const { call, probe, asked, dead } = world()
  dead.add('host-b')
  await probe?.()
  expect(asked).toEqual(['host-a ready?', 'host-b ready?', 'HOST_URL ready?'])
  for (let i = 0; i < 40; i++) await call(i)
  expect(asked).not.toContain('host-b')
  dead.delete('host-b')
  await probe?.()
  for (let i = 0; i < 40; i++) await call(i)
  expect(asked).toContain('host-b')
})

it('a model may name the host of HOST_URL beside others', async () => {
  const { call, chat, asked, isOwn } = world({
    model: { upstreams: [{ id: 'host' }], fallback: [{ id: 'host-a' }] },
  })
  await call(1)
  expect([asked, isOwn(chat, undefined)]).toEqual([['HOST_URL'], true])
})

it('a model that names none of them is computed by the host of HOST_URL', async () => {
  const { host, chat, asked, isOwn, loads } = world({ model: {} })
  await host.call(hostCall())
  expect([asked, isOwn(chat, undefined), loads]).toEqual([['HOST_URL'], true, [undefined]])
})

it('each version of a model is computed where it says, and by the name that it has there', async () => {
  const { host, chat, asked, calls, isOwn } = world({
    model: {
      versions: [
        { id: 'plain' },
        { id: 'next', model: 'chat-next' },
        { id: 'spread', upstreams: [{ id: 'host-a' }] },
      ],
    },
  })
  for (const version of ['plain', 'next', 'spread'])
    await host.call(hostCall({ requestId: version, version, request: { model: 'chat' } }))
  expect(asked).toEqual(['HOST_URL', 'HOST_URL', 'host-a'])
  expect(calls.map(({ model, request }) => [model, request])).toEqual([
    ['chat', { model: 'chat' }],
    ['chat-next', { model: 'chat-next' }],
    ['chat', { model: 'chat' }],
  ])
  expect(isOwn(chat, 'spread')).toBe(true)
})

it('a model whose versions change while the edge runs is computed by what it says then', async () => {
  const [first] = catalog.models
  if (!first) throw new Error('the catalog has models')
  const plain = [{ ...first, id: 'chat' }]
  const next = [{ ...first, id: 'chat', versions: [{ id: 'v2', weight: 1, model: 'chat-2' }] }]
  const models = { now: plain }
  const { host, calls } = world({ model: {}, modelsNow: () => models.now })
  await host.call(hostCall({ requestId: 'r1', request: { model: 'chat' } }))
  models.now = next
  await host.call(hostCall({ requestId: 'r2', version: 'v2', request: { model: 'chat' } }))
  expect(calls.map(({ model }) => model)).toEqual(['chat', 'chat-2'])
})

it('each own host says what it does, asked by a token of its own, and one that is away is no failure', async () => {
  const { states, dead } = world()
  dead.add('host-b')
  const by = { requestId: 'r1', account: 'firebase:demo:root' }
  const at = { running: 1, waiting: 2, resident: true, cache: undefined }
  expect(await states(by)).toEqual([
    { id: 'host', models: [{ model: 'chat, asked as r1.host', ...at }] },
    { id: 'host-a', models: [{ model: 'chat, asked as r1.host-a', ...at }] },
    { id: 'host-b', error: 'host_unavailable' },
  ])
  const { states: ofOne } = world({ upstreams: [], model: {} })
  expect(await ofOne(by)).toEqual([{ id: 'host', models: [{ model: 'chat, asked as r1.host', ...at }] }])
})
