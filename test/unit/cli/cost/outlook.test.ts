import { describe, expect, it } from 'vitest'
import { MEASURED_CPU } from '../../../../cli/cost/counts.ts'
import { DEFAULT_WORKLOAD, defaultPrices } from '../../../../cli/cost/default.ts'
import { breakEvenOf, monthOf, outlookOf } from '../../../../cli/cost/outlook.ts'
import { speedOf } from '../../../../cli/cost/speed.ts'

const book = defaultPrices()
const cpu = speedOf(MEASURED_CPU)
const speeds = { cpu, a40: cpu, l4: cpu }
const scaling = book.combinations.filter(
  ({ container }) => book.containers.find(({ id }) => id === container)?.mode === 'scale-to-zero',
)

describe('the point where always-on is cheaper', () => {
  it.each(scaling.map((combination) => [combination.id, combination] as const))(
    'is exact: %s',
    (_, combination) => {
      const point = breakEvenOf(book, combination, DEFAULT_WORKLOAD, speeds)
      const at = point?.requestsPerDay
      if (!point || at === null || at === undefined) throw new Error('there is no such point')
      const alone = (container: string, requestsPerDay: number) =>
        monthOf(
          book,
          { ...combination, services: [], container },
          { ...DEFAULT_WORKLOAD, users: 1, requestsPerDay },
          speeds,
        ).bill.total
      expect(alone(point.rival, at)).toBeLessThan(alone(combination.container, at))
      expect(alone(point.rival, at - 1)).toBeGreaterThanOrEqual(alone(combination.container, at - 1))
    },
  )

  it('is not asked of what is always on', () => {
    const always = book.combinations.find((combination) => !scaling.includes(combination))
    if (!always) throw new Error('nothing is always on')
    expect(breakEvenOf(book, always, DEFAULT_WORKLOAD, speeds)).toBeUndefined()
  })

  it('is never where the rival costs more however many ask', () => {
    const [combination] = scaling
    if (!combination) throw new Error('nothing scales to zero')
    const free = {
      ...book,
      services: book.services.map((service) =>
        service.id === 'cloud-run-cpu' ? { ...service, meters: [] } : service,
      ),
    }
    expect(breakEvenOf(free, combination, DEFAULT_WORKLOAD, speeds)?.requestsPerDay).toBeNull()
  })
})

describe('an outlook', () => {
  const of = (id: string) => {
    const combination = book.combinations.find((one) => one.id === id)
    if (!combination) throw new Error(`there is no ${id}`)
    return outlookOf(book, combination, DEFAULT_WORKLOAD, speeds)
  }

  it('names free allowances that end, other plans and more containers on the way to 10 and 100 times', () => {
    const [now, ten, hundred] = of('workers-fly').scales
    expect(now?.changes).toEqual([])
    expect(ten?.changes).toContain('free CPU-ms of Cloudflare Workers Paid used up')
    expect(ten?.changes.join()).toMatch(/\d+ to \d+ containers in the busiest hour/)
    expect(hundred?.changes).toContain('free invocations of Cloudflare Workers Paid used up')
    expect(hundred?.changes.join()).toContain('Upstash Fixed 250 MB becomes')
  })

  it('costs a request what the month costs by its requests, and says where no plan serves the load', () => {
    const { scales, unit } = of('supabase-modal')
    const month = scales[0]?.month
    if (!month || !unit) throw new Error('there is no month')
    expect(unit.request).toBe(Math.round(month.bill.total / 300_000))
    // 90 million tokens in and 45 million out share the bill, as they share the host's time.
    expect(unit.millionInput).toBeGreaterThan(0)
    expect(Math.abs((unit.millionInput ?? 0) * 90 + unit.millionOutput * 45 - month.bill.total)).toBeLessThan(
      135,
    )
    expect((unit.millionInput ?? 0) / unit.millionOutput).toBeCloseTo(
      cpu.promptSeconds / cpu.outputSeconds,
      3,
    )
    expect(scales[2]?.month).toBeUndefined()
  })

  it('charges all to answers where a speed does not tell prompts apart', () => {
    const [combination] = book.combinations
    if (!combination) throw new Error('there is none')
    const one = { promptSeconds: 0, outputSeconds: 0.01 }
    const { scales, unit } = outlookOf(book, combination, DEFAULT_WORKLOAD, { cpu: one, a40: one, l4: one })
    expect(unit?.millionInput).toBeUndefined()
    expect(unit?.millionOutput).toBe(Math.round((scales[0]?.month?.bill.total ?? 0) / 45))
  })
})
