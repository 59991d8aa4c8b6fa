import { expect, it } from 'vitest'
import { MOST_SERIES, seriesOf, stacked } from '../../../../dashboard/parts/stacked.ts'

const DAYS = ['d1', 'd2']
const of = {
  place: ({ day }: Row) => day,
  name: ({ model }: Row) => model,
  value: ({ units }: Row) => units,
}
type Row = { day: string; model: string; units: number }

it('adds up what falls on one day and name, the largest first, and leaves out other days', () => {
  const rows = [
    { day: 'd1', model: 'small', units: 1 },
    { day: 'd2', model: 'large', units: 5 },
    { day: 'd2', model: 'large', units: 2 },
    { day: 'd9', model: 'large', units: 100 },
  ]
  expect(seriesOf(rows, DAYS, of)).toEqual([
    { name: 'large', values: [0, 7] },
    { name: 'small', values: [1, 0] },
  ])
})

it('has a colour for each series: what is too many becomes others, and nothing is lost', () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({ day: 'd1', model: `m${index}`, units: index + 1 }))
  const series = seriesOf(rows, DAYS, of)
  expect(series).toHaveLength(MOST_SERIES + 1)
  expect(series.at(-1)).toEqual({ name: 'others', values: [105, 0] })
  expect(stacked(series).at(-1)).toEqual([210, 0])
})

it('each series stands on those before it', () => {
  const series = [1, 2, 3].map((value) => ({ name: `${value}`, values: [value, 0] }))
  expect(stacked(series)).toEqual([
    [1, 0],
    [3, 0],
    [6, 0],
  ])
  expect(stacked([])).toEqual([])
})
