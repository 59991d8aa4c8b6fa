import { beforeEach, describe, expect, it } from 'vitest'
import { createJwksCache, type FindKey } from '../../../../edge/identity/jwks.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { readLog } from '../../../fixtures/log.ts'
import {
  FIREBASE_KEYS,
  keySet,
  keys,
  MINUTE,
  otherKeys,
  SECOND,
  signedWorld,
} from '../../../fixtures/signed-world.ts'

const HOUR = 60 * MINUTE
const old = { alg: 'RS256', kid: keys.firebase.kid } as const
const fresh = { alg: 'RS256', kid: otherKeys.firebase.kid } as const
const unknown = (kid: number) => ({ alg: 'RS256', kid: `stranger-${kid}` }) as const

let world: ReturnType<typeof signedWorld>
let find: FindKey
const published = (headers = {}) => keySet(world.published.get(FIREBASE_KEYS), headers)
const outcome = (search: Promise<unknown>) =>
  search.then(
    () => 'found',
    (error: unknown) => (error instanceof TwohopError ? error.code : error),
  )

beforeEach(() => {
  world = signedWorld()
  find = createJwksCache(FIREBASE_KEYS, world)
})

describe('single flight', () => {
  it('50 concurrent searches of a cold cache download once', async () => {
    const gate = Promise.withResolvers<Response>()
    world.network.answer = () => gate.promise
    const searches = Array.from({ length: 50 }, () => outcome(find(old)))
    gate.resolve(published())
    expect(new Set(await Promise.all(searches))).toEqual(new Set(['found']))
    expect(world.fetched).toHaveLength(1)
  })

  it('takes over from a download that never settles, as when workerd drops its request', async () => {
    find = createJwksCache(FIREBASE_KEYS, { ...world, timeoutMs: 20 })
    world.network.answer = () => new Promise(() => {})
    const dropped = find(old)
    world.network.answer = () => Promise.resolve(published())
    expect(await outcome(find(old))).toBe('found')
    expect(world.fetched).toHaveLength(2)
    expect(dropped).toBeInstanceOf(Promise)
  })
})

describe('a download that is past its time limit', () => {
  it('is not waited for', async () => {
    find = createJwksCache(FIREBASE_KEYS, { ...world, timeoutMs: MINUTE })
    world.network.answer = () => new Promise(() => {})
    const dropped = find(old)
    world.network.answer = () => Promise.resolve(published())
    world.clock.ms += MINUTE
    expect(await outcome(find(old))).toBe('found') // would take a minute if it waited
    expect(dropped).toBeInstanceOf(Promise)
  })
})

describe('unknown kids', () => {
  it('download at most once in 30 seconds, however many', async () => {
    await find(old)
    const flood = () => Promise.all(Array.from({ length: 200 }, (_, kid) => outcome(find(unknown(kid)))))
    for (const seconds of [0, 29, 30, 31, 59, 60]) {
      world.clock.ms = Date.UTC(2026, 0, 2, 3, 4, 5) + seconds * SECOND
      expect(new Set(await flood())).toEqual(new Set(['token_key_unknown']))
    }
    expect(world.fetched).toHaveLength(3) // cold, at 30 s and at 60 s
  })

  it('download at most once in 30 seconds while the issuer is down, too', async () => {
    await find(old)
    world.network.answer = () => Promise.reject(new TypeError('no route'))
    world.clock.ms += 30 * SECOND
    for (let kid = 0; kid < 20; kid++) expect(await outcome(find(unknown(kid)))).toBe('token_key_unknown')
    expect(world.fetched).toHaveLength(2)
    expect(await outcome(find(old))).toBe('found')
  })

  it('find a rotated key after the cool-down, and lose the withdrawn one', async () => {
    await find(old)
    world.published.set(FIREBASE_KEYS, [otherKeys.firebase])
    world.clock.ms += 29 * SECOND
    expect(await outcome(find(fresh))).toBe('token_key_unknown')
    world.clock.ms += SECOND
    expect(await outcome(find(fresh))).toBe('found')
    expect(await outcome(find(old))).toBe('token_key_unknown')
    expect(world.fetched).toHaveLength(2)
  })
})

describe('age', () => {
  it.each([
    ['no max-age', undefined, 10 * MINUTE],
    ['a short one', 'max-age=5', 10 * MINUTE],
    ['one of half an hour', 'public, max-age=1800', 30 * MINUTE],
    ["Google's", 'public, max-age=19302, must-revalidate, no-transform', HOUR],
    ['a broken one', 'max-age=soon', 10 * MINUTE],
  ])('keys with %s are renewed after 10 minutes to an hour', async (_, header, age) => {
    world.network.answer = () => Promise.resolve(published(header ? { 'cache-control': header } : {}))
    await find(old)
    world.clock.ms += age - 1
    await find(old)
    expect(world.fetched).toHaveLength(1)
    world.clock.ms += 1
    await find(old)
    await find(old)
    expect(world.fetched).toHaveLength(2)
  })

  it('a key that the issuer withdrew is refused with the renewal', async () => {
    await find(old)
    world.published.set(FIREBASE_KEYS, [])
    world.clock.ms += 10 * MINUTE
    expect(await outcome(find(old))).toBe('token_key_unknown')
  })

  it('while one request renews, the others go on with the old keys', async () => {
    await find(old)
    const gate = Promise.withResolvers<Response>()
    world.network.answer = () => gate.promise
    world.clock.ms += 10 * MINUTE
    const renewing = outcome(find(old))
    expect(await outcome(find(old))).toBe('found') // would hang here if it waited
    gate.resolve(published())
    expect(await renewing).toBe('found')
    expect(world.fetched).toHaveLength(2)
  })
})

describe('outage', () => {
  const faults: [string, () => Promise<Response>][] = [
    ['no route', () => Promise.reject(new TypeError('no route'))],
    ['503', () => Promise.resolve(new Response('down', { status: 503 }))],
    ['a page', () => Promise.resolve(new Response('<html>'))],
    ['no key set', () => Promise.resolve(Response.json({ keys: 'soon' }))],
    ['null', () => Promise.resolve(Response.json(null))],
  ]
  it.each(faults)('(%s) uses the old keys, tries every 30 seconds, and recovers', async (_, fault) => {
    const { log, lines } = readLog()
    find = createJwksCache(FIREBASE_KEYS, { ...world, log })
    await find(old)
    world.network.answer = fault
    world.clock.ms += 10 * MINUTE
    for (let request = 0; request < 20; request++) expect(await outcome(find(old))).toBe('found')
    expect(world.fetched).toHaveLength(2)
    expect(lines).toMatchObject([{ event: 'jwks_download_failed', host: new URL(FIREBASE_KEYS).host }])
    world.clock.ms += 30 * SECOND
    await find(old)
    expect(world.fetched).toHaveLength(3)

    world.network.answer = () => Promise.resolve(published())
    world.published.set(FIREBASE_KEYS, [otherKeys.firebase])
    world.clock.ms += 30 * SECOND
    expect(await outcome(find(fresh))).toBe('found')
    expect(world.fetched).toHaveLength(4)
  })

  it('of more than 24 hours ends in keys_unavailable', async () => {
    await find(old)
    world.network.answer = () => Promise.reject(new TypeError('no route'))
    world.clock.ms += 24 * HOUR - 1
    expect(await outcome(find(old))).toBe('found')
    world.clock.ms += 1
    expect(await outcome(find(old))).toBe('keys_unavailable')
  })

  it('at a cold start is keys_unavailable, with one try in 2 seconds', async () => {
    world.network.answer = () => Promise.reject(new TypeError('no route'))
    for (let request = 0; request < 20; request++) expect(await outcome(find(old))).toBe('keys_unavailable')
    expect(world.fetched).toHaveLength(1)
    world.network.answer = () => Promise.resolve(published())
    world.clock.ms += 1999
    expect(await outcome(find(old))).toBe('keys_unavailable')
    world.clock.ms += 1
    expect(await outcome(find(old))).toBe('found')
    expect(world.fetched).toHaveLength(2)
  })
})
