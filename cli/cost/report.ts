import { whatOf } from './bill.ts'
import { PARTS } from './meters.ts'
import { dollars } from './money.ts'
import type { Outlook } from './outlook.ts'
import type { PriceBook } from './price-book.ts'
import type { Column } from './table.ts'
import { requestsOf, type Workload } from './workload.ts'

/** A table, to be printed as text or Markdown. */
export type Table = { columns: Column[]; rows: string[][] }

/** What a report is made from. */
export type Report = {
  book: PriceBook
  workload: Workload
  outlooks: readonly Outlook[]
  /** Where the speeds come from, in words. */
  speedNotes: readonly string[]
}

const NOT_SERVED = 'beyond its plans'
const count = (number: number) => number.toLocaleString('en-US')

/** The workload in one sentence. */
export function workloadSentence(workload: Workload): string {
  const { users, requestsPerDay, promptTokens, outputTokens, streamingSeconds, peak } = workload
  const { imageTokens = 0, audioSeconds = 0 } = workload
  const more = [
    ...(imageTokens > 0 ? [`${count(imageTokens)} of images`] : []),
    ...(audioSeconds > 0 ? [`${count(audioSeconds)} s of audio`] : []),
  ]
  return (
    `${count(users)} users, ${count(requestsPerDay)} requests a day each (${count(requestsOf(workload))} a month of 30 days), ` +
    `${[`${count(promptTokens)} tokens`, ...more].join(', ')} in and ${count(outputTokens)} out, answers of ${count(streamingSeconds)} s, ` +
    `${count(peak)} times the load in the busiest hour.`
  )
}

/** One row for each combination: the bill by part, and what one request and a million tokens cost. */
export function billTable({ outlooks }: Report): Table {
  const columns = [
    { title: 'combination' },
    ...[...PARTS, 'total', 'a request', '1M in', '1M out'].map((title) => ({ title, right: true })),
  ]
  const rows = outlooks.map(({ combination, scales, unit }) => {
    const bill = scales[0]?.month?.bill
    if (!bill || !unit) return [combination.id, NOT_SERVED]
    return [
      combination.id,
      ...PARTS.map((part) => dollars(bill.parts[part])),
      dollars(bill.total),
      dollars(unit.request, 5),
      unit.millionInput === undefined ? '-' : dollars(unit.millionInput),
      dollars(unit.millionOutput),
    ]
  })
  return { columns, rows }
}

/** One row for each combination: the total at each scale, with the containers of the busiest hour. */
export function growthTable({ outlooks }: Report): Table {
  const factors = outlooks[0]?.scales.map(({ factor }) => factor) ?? []
  const columns = [
    { title: 'combination' },
    ...factors.flatMap((factor) => [
      { title: factor === 1 ? 'now' : `${factor}x`, right: true },
      { title: 'containers', right: true },
    ]),
  ]
  const rows = outlooks.map(({ combination, scales }) => [
    combination.id,
    ...scales.flatMap(({ month }) =>
      month ? [dollars(month.bill.total), count(month.running.replicas)] : [NOT_SERVED, ''],
    ),
  ])
  return { columns, rows }
}

/** One line for each larger scale: what changes from the scale before. */
export function changeLines({ outlooks }: Report): string[] {
  return outlooks.flatMap(({ combination, scales }) =>
    scales
      .filter(({ changes }) => changes.length > 0)
      .map(({ factor, changes }) => `${combination.id}, ${factor}x: ${changes.join('; ')}.`),
  )
}

/** For the combinations that scale to zero: where always-on becomes cheaper, and how many requests wait for a start. */
export function breakEvenTable({ book, outlooks }: Report): Table {
  const nameOf = (id: string) => book.containers.find((container) => container.id === id)?.name ?? id
  const columns = [
    { title: 'scales to zero' },
    { title: 'always on' },
    { title: 'always on is cheaper from', right: true },
    { title: 'now waiting for a start', right: true },
  ]
  const rows = outlooks.flatMap(({ combination, scales, breakEven }) =>
    breakEven
      ? [
          [
            nameOf(combination.container),
            nameOf(breakEven.rival),
            breakEven.requestsPerDay === null ? 'never' : `${count(breakEven.requestsPerDay)} requests a day`,
            `${((scales[0]?.month?.running.coldShare ?? 0) * 100).toFixed(2)} % of requests`,
          ],
        ]
      : [],
  )
  return { columns, rows }
}

/** Every line of one combination's bill now. */
export function lineTable({ book }: Report, { scales }: Outlook): Table {
  const nameOf = (id: string) => book.services.find((service) => service.id === id)?.name ?? id
  const columns = [
    { title: 'part' },
    { title: 'service' },
    { title: 'what' },
    { title: 'quantity', right: true },
    { title: 'free', right: true },
    { title: 'cost', right: true },
  ]
  const rows = (scales[0]?.month?.bill.lines ?? []).map(({ part, service, what, quantity, free, amount }) => [
    part,
    nameOf(service),
    whatOf({ what }),
    count(quantity),
    count(free),
    dollars(amount),
  ])
  return { columns, rows }
}

/** The report as JSON: money in whole micro-dollars, names as in the command's options. */
export function reportJson({ book, workload, outlooks, speedNotes }: Report) {
  return {
    prices_checked: book.checked,
    workload: {
      users: workload.users,
      requests_per_day: workload.requestsPerDay,
      prompt_tokens: workload.promptTokens,
      output_tokens: workload.outputTokens,
      ...(workload.imageTokens !== undefined && { image_tokens: workload.imageTokens }),
      ...(workload.audioSeconds !== undefined && { audio_seconds: workload.audioSeconds }),
      streaming_seconds: workload.streamingSeconds,
      peak: workload.peak,
      schedule_minutes: workload.scheduleMinutes,
      look_seconds: workload.lookSeconds,
    },
    speeds: speedNotes,
    combinations: outlooks.map(({ combination, scales, unit, breakEven }) => ({
      id: combination.id,
      name: combination.name,
      request_microdollars: unit?.request ?? null,
      million_input_tokens_microdollars: unit?.millionInput ?? null,
      million_output_tokens_microdollars: unit?.millionOutput ?? null,
      recipes: combination.recipes,
      always_on: breakEven
        ? { container: breakEven.rival, cheaper_from_requests_a_day: breakEven.requestsPerDay }
        : null,
      scales: scales.map(({ factor, month, changes }) => ({
        factor,
        total_microdollars: month?.bill.total ?? null,
        parts_microdollars: month?.bill.parts ?? null,
        services: month?.bill.services ?? null,
        replicas: month?.running.replicas ?? null,
        container_seconds: month?.running.seconds ?? null,
        cold_share: month?.running.coldShare ?? null,
        changes,
        lines: (month?.bill.lines ?? []).map(({ amount, ...line }) => ({ ...line, microdollars: amount })),
      })),
    })),
  }
}
