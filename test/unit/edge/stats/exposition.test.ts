import { expect, it } from 'vitest'
import { BUCKETS_MS } from '../../../../edge/stats/buckets.ts'
import { exposition } from '../../../../edge/stats/exposition.ts'

it('writes counters, gauges and cumulative buckets in seconds, in the order of the names', () => {
  const counts = Array.from({ length: BUCKETS_MS.length + 1 }, (_, i) => (i === 0 ? 2 : i === 16 ? 1 : 0))
  const text = exposition({
    events_waiting: [{ labels: {}, value: 7 }],
    request_duration_seconds: [{ labels: { model: 'm' }, value: { counts, sumMs: 1500 } }],
    units_total: [{ labels: { model: 'm', version: '' }, value: 9 }],
    errors_total: [],
  })
  const lines = text.split('\n')
  expect(lines.slice(0, 5)).toEqual([
    '# HELP twohop_edge_units_total Units charged. What is given back by a late correction is not taken off.',
    '# TYPE twohop_edge_units_total counter',
    'twohop_edge_units_total{model="m",version=""} 9',
    '# HELP twohop_edge_request_duration_seconds From the reservation to the end.',
    '# TYPE twohop_edge_request_duration_seconds histogram',
  ])
  const name = 'twohop_edge_request_duration_seconds'
  expect(lines[5]).toBe(`${name}_bucket{model="m",le="0.005"} 2`)
  expect(lines[20]).toBe(`${name}_bucket{model="m",le="300"} 2`)
  expect(lines[21]).toBe(`${name}_bucket{model="m",le="+Inf"} 3`)
  expect(lines.slice(22, 24)).toEqual([`${name}_sum{model="m"} 1.5`, `${name}_count{model="m"} 3`])
  expect(text).not.toContain('errors_total')
  expect(text.endsWith('twohop_edge_events_waiting 7\n')).toBe(true)
})

it('escapes what a label may hold', () => {
  const text = exposition({ units_total: [{ labels: { model: 'a"b\\c\nd' }, value: 1 }] })
  expect(text).toContain('twohop_edge_units_total{model="a\\"b\\\\c\\nd"} 1\n')
})
