import { describe, expect, it } from 'vitest'
import { seeded } from '../../../../bench/seeded.ts'
import { chooseHost, nextPlace, type Place } from '../../../../edge/upstream/choose.ts'
import { mixed } from '../../../../edge/upstream/prefix.ts'

const place = (id: string, changes: Partial<Place> = {}): Place => ({
  id,
  model: 'chat',
  weight: 1,
  own: false,
  ...changes,
})
const pool = (count: number) => Array.from({ length: count }, (_, i) => place(`host-${i}`, { own: true }))
const [DRAWS, EVERY] = [10_000, () => true]

/** How often each is chosen. */
function counted(choose: (i: number) => Place | undefined): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let i = 0; i < DRAWS; i++) {
    const id = choose(i)?.id ?? 'none'
    counts[id] = (counts[id] ?? 0) + 1
  }
  return counts
}

describe('places', () => {
  const view = { load: () => 0, random: seeded(1), prefix: undefined }

  it('are drawn by weight, and never by the weight 0', () => {
    const drawn = [place('a', { weight: 3 }), place('b'), place('c', { weight: 0 })]
    const {
      a = 0,
      b = 0,
      ...others
    } = counted(() => nextPlace({ drawn, fallback: [place('d')] }, EVERY, view))
    expect(others).toEqual({})
    expect(a / DRAWS).toBeCloseTo(0.75, 1)
    expect(a + b).toBe(DRAWS)
  })

  it('of the fallback come in their order, when none is left', () => {
    const routes = { drawn: [place('a')], fallback: [place('b'), place('c')] }
    const without = (...ids: string[]) => nextPlace(routes, ({ id }) => !ids.includes(id), view)?.id
    expect([without(), without('a'), without('a', 'b'), without('a', 'b', 'c')]).toEqual([
      'a',
      'b',
      'c',
      undefined,
    ])
  })

  it('of own hosts are one pool, beside others by weight', () => {
    const drawn = [...pool(3), place('vendor', { weight: 1 })]
    const { vendor = 0 } = counted(() => nextPlace({ drawn, fallback: [] }, EVERY, view))
    expect(vendor / DRAWS).toBeCloseTo(0.25, 1)
  })
})

describe('a host of a pool', () => {
  const random = seeded(2)

  it('is the less busy one of two', () => {
    const hosts = pool(2)
    const [first, second] = hosts as [Place, Place]
    const load = (one: Place) => (one === first ? 3 : 1)
    const view = { load, random, prefix: undefined }
    expect(chooseHost(first, hosts, view)).toBe(second)
    expect(chooseHost(second, hosts, view)).toBe(second)
  })

  it('is the same for the same prefix, and another for a share of prefixes only when one comes or goes', () => {
    const view = (prefix: number) => ({ load: () => 0, random, prefix })
    const home = (hosts: Place[], prefix: number) => chooseHost(hosts[0] as Place, hosts, view(prefix)).id
    const [ten, nine] = [pool(10), pool(9)]
    let moved = 0
    for (let i = 0; i < 2000; i++) {
      const prefix = mixed(i)
      expect(home(ten, prefix)).toBe(home(ten, prefix))
      const [before, after] = [home(ten, prefix), home(nine, prefix)]
      if (before !== after) {
        moved++
        // Only what was on the host that went has another home.
        expect(before).toBe('host-9')
      }
    }
    expect(moved / 2000).toBeCloseTo(0.1, 1)
  })

  it('has its share of prefixes by weight', () => {
    const hosts = [place('a', { own: true, weight: 3 }), place('b', { own: true })]
    const counts = counted((i) =>
      chooseHost(hosts[1] as Place, hosts, { load: () => 0, random, prefix: mixed(i) }),
    )
    expect((counts.a ?? 0) / DRAWS).toBeCloseTo(0.75, 1)
  })

  it('is not the home of a prefix where that is busier than the others', () => {
    const hosts = pool(4)
    const prefix = 7
    const home = chooseHost(hosts[0] as Place, hosts, { load: () => 0, random, prefix })
    const others = hosts.filter((one) => one !== home)
    const busy = (load: number) => (one: Place) => (one === home ? load : 1)
    const chosen = (load: number) =>
      chooseHost(others[0] as Place, hosts, { load: busy(load), random, prefix })
    expect(chosen(1.5)).toBe(home)
    expect(chosen(4)).not.toBe(home)
  })
})
