import { expect, it } from 'vitest'
import {
  CATALOG_READ_MS,
  createCatalogSource,
  type StoredCatalog,
} from '../../../../edge/access/catalog-source.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { readLog } from '../../../fixtures/log.ts'

const priced = (prompt: number) =>
  JSON.stringify({
    ...catalog,
    models: catalog.models.map((model) => ({ ...model, prices: { prompt, output: 1 } })),
  })

function world(first: StoredCatalog = { version: 0, text: undefined }) {
  const state = { stored: first, away: false, ms: 0 }
  const asked: string[] = []
  const { log, lines } = readLog()
  const answer = <T>(what: string, value: T): Promise<T> => {
    asked.push(what)
    return state.away ? Promise.reject(new TwohopError('store_unavailable', 'away')) : Promise.resolve(value)
  }
  const source = createCatalogSource({
    deployed: { catalog },
    store: {
      version: () => answer('version', state.stored.version),
      read: () => answer('read', state.stored),
    },
    now: () => state.ms,
    log,
  })
  const tasks: Promise<unknown>[] = []
  /** A request; what it saw, once what goes on behind it is done. */
  async function request() {
    await source.ready((task) => tasks.push(task))
    const price = source.current().models[0]?.prices.prompt
    await Promise.all(tasks.splice(0))
    return price
  }
  return { state, asked, lines, request, source }
}
const OWN = catalog.models[0]?.prices.prompt

it('the first request waits for the store; later ones see what is known, and have it read once a minute', async () => {
  const { state, asked, request } = world({ version: 1, text: priced(5) })
  expect(await request()).toBe(5)
  state.stored = { version: 2, text: priced(6) }
  state.ms = CATALOG_READ_MS - 1
  for (let i = 0; i < 10; i++) expect(await request()).toBe(5)
  expect(asked).toEqual(['version', 'read'])
  state.ms = CATALOG_READ_MS
  // The one that has it read sees the old one, and waits for nothing.
  expect([await request(), await request()]).toEqual([5, 6])
  expect(asked).toEqual(['version', 'read', 'version', 'read'])
  state.ms *= 2
  await request()
  expect(asked.slice(4)).toEqual(['version'])
})

it('where the store has none, or has it no more, the deployed one holds', async () => {
  const { state, request, asked } = world()
  expect(await request()).toBe(OWN)
  state.stored = { version: 1, text: priced(5) }
  state.ms += CATALOG_READ_MS
  expect([await request(), await request()]).toEqual([OWN, 5])
  state.stored = { version: 0, text: undefined }
  state.ms += CATALOG_READ_MS
  expect([await request(), await request()]).toEqual([5, OWN])
  expect(asked).toHaveLength(6)
})

it('one that does not fit is never taken, and is told once', async () => {
  const { state, lines, request } = world({ version: 1, text: priced(5) })
  await request()
  for (const [version, text] of [
    [2, '{'],
    [3, priced(-1)],
    [
      4,
      JSON.stringify({
        ...JSON.parse(priced(7)),
        upstreams: [{ id: 'a', kind: 'own', url: 'http://10.0.0.1' }],
      }),
    ],
  ] as const) {
    state.stored = { version, text }
    state.ms += CATALOG_READ_MS
    expect([await request(), await request()]).toEqual([5, 5])
  }
  const refused = lines.filter(({ event }) => event === 'catalog_refused')
  expect(refused.map(({ version, place }) => [version, place])).toEqual([
    [2, 'is not JSON'],
    [3, 'models.0.prices.prompt'],
    [4, 'upstreams'],
  ])
})

it('while the store is away what is known stays; who never knew anything is refused', async () => {
  const known = world({ version: 1, text: priced(5) })
  await known.request()
  known.state.away = true
  known.state.ms += CATALOG_READ_MS
  expect([await known.request(), await known.request()]).toEqual([5, 5])
  expect(known.lines.map(({ event }) => event)).toEqual(['catalog_taken', 'catalog_unread'])

  const fresh = world({ version: 1, text: priced(5) })
  fresh.state.away = true
  await expect(fresh.request()).rejects.toMatchObject({ code: 'store_unavailable' })
  fresh.state.away = false
  expect(await fresh.request()).toBe(5)
})
