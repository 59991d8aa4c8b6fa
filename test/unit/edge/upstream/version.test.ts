import { describe, expect, it } from 'vitest'
import { hostName, onlyVersion, versionOf } from '../../../../edge/upstream/version.ts'

const ACCOUNTS = Array.from({ length: 10_000 }, (_, i) => `firebase:demo:user-${i}`)
const model = (weights: Record<string, number>, id = 'chat') => ({
  id,
  versions: Object.entries(weights).map(([name, weight]) => ({ id: name, weight })),
})
/** The version of each account. */
const spread = (weights: Record<string, number>, id?: string) =>
  ACCOUNTS.map((account) => versionOf(model(weights, id), account))
const share = (given: readonly unknown[], version: string) =>
  given.filter((one) => one === version).length / given.length

describe('the version of an account', () => {
  it('is its share of the accounts, and always the same', () => {
    const given = spread({ old: 9, next: 1 })
    expect(share(given, 'next')).toBeCloseTo(0.1, 2)
    expect(share(given, 'next') + share(given, 'old')).toBe(1)
    expect(spread({ old: 9, next: 1 })).toEqual(given)
  })

  it('changes for no more accounts than it must, and only towards what weighs more', () => {
    const [before, after] = [spread({ old: 99, next: 1 }), spread({ old: 90, next: 10 })]
    const moved = before.flatMap((version, i) => (version === after[i] ? [] : [[version, after[i]]]))
    expect(moved.every(([from, to]) => from === 'old' && to === 'next')).toBe(true)
    // From 1 % to 10 %.
    expect(moved.length / ACCOUNTS.length).toBeCloseTo(0.09, 2)
    expect(spread({ old: 0, next: 1 })).toEqual(ACCOUNTS.map(() => 'next'))
  })

  it('stays where a third one comes, but for those that get it', () => {
    const [before, after] = [spread({ a: 1, b: 1 }), spread({ a: 1, b: 1, c: 1 })]
    const moved = before.flatMap((version, i) => (version === after[i] ? [] : [after[i]]))
    expect(new Set(moved)).toEqual(new Set(['c']))
    expect(moved.length / ACCOUNTS.length).toBeCloseTo(1 / 3, 1)
  })

  it('of one model says nothing of that of another', () => {
    const [one, other] = [spread({ a: 1, b: 1 }, 'chat'), spread({ a: 1, b: 1 }, 'embed')]
    expect(one.filter((version, i) => version === other[i]).length / ACCOUNTS.length).toBeCloseTo(0.5, 1)
  })

  it('is none where the model has none', () => {
    expect(versionOf({ id: 'chat' }, 'ada')).toBeUndefined()
    expect(onlyVersion({})).toBeUndefined()
  })
})

it('is known without an account where all get the same', () => {
  expect(onlyVersion(model({ a: 1, b: 0 }))).toBe('a')
  expect(onlyVersion(model({ a: 1, b: 1 }))).toBeUndefined()
})

it('has its own name on the host, or the model has', () => {
  const versions = [
    { id: 'a', weight: 1 },
    { id: 'b', weight: 1, model: 'chat-b' },
  ]
  expect(['a', 'b', undefined].map((version) => hostName({ id: 'chat', versions }, version))).toEqual([
    'chat',
    'chat-b',
    'chat',
  ])
  const elsewhere = [{ id: 'a', weight: 1, upstreams: [{ id: 'openai', weight: 1 }] }]
  expect(hostName({ id: 'chat', versions: elsewhere }, 'a')).toBeUndefined()
})
