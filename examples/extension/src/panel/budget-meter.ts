import type { Allowance, Budget } from '@twohop/client'
import { element } from './elements.ts'

const number = new Intl.NumberFormat('en')

/** Shows what is left of the day and the month. */
export function showBudget({ day, month }: Budget): void {
  show('day', day)
  show('month', month)
  element('budget', HTMLElement).hidden = false
}

function show(id: 'day' | 'month', { limit, remaining }: Allowance): void {
  const meter = element(id, HTMLMeterElement)
  meter.max = Math.max(1, limit)
  meter.low = meter.max / 5
  meter.optimum = meter.max
  meter.value = remaining
  element(`${id}-left`, HTMLElement).textContent =
    `${number.format(remaining)} of ${number.format(limit)} units`
}
