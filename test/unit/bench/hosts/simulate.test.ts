import { expect, it } from 'vitest'
import { simulate } from '../../../../bench/hosts/simulate.ts'

it('is the same each time, and another with another seed', () => {
  const played = simulate('edge', 5, { simulatedMs: 20_000 })
  expect(simulate('edge', 5, { simulatedMs: 20_000 })).toEqual(played)
  expect(simulate('edge', 5, { simulatedMs: 20_000, seed: 2 })).not.toEqual(played)
})

it('twenty hosts do within a tenth of twenty times the work of one, which neither turns nor chance do', () => {
  const [alone, edge, turns, chance] = [
    simulate('edge', 1),
    simulate('edge', 20),
    simulate('round robin', 20),
    simulate('random', 20),
  ]
  const share = ({ throughput, hosts }: typeof alone) => throughput / hosts / alone.throughput
  expect(share(edge)).toBeGreaterThan(0.9)
  expect(share(turns)).toBeLessThan(0.9)
  expect(share(chance)).toBeLessThan(share(turns))
  expect(edge.p99Ms).toBeLessThan(chance.p99Ms)
  expect(edge.cached).toBeGreaterThan(0.6)
  expect(turns.cached).toBeLessThan(0.2)
})
