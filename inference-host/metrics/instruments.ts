import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { COUNTERS, HISTOGRAMS, MODEL_GAUGES, PREFIX, PROCESS_GAUGES } from './names.ts'

const labelNames = ['model'] as const
type Label = (typeof labelNames)[number]

/** Prometheus's instruments, one for each of the names. */
export type Instruments = ReturnType<typeof createInstruments>

/**
 * Instruments in a registry of their own. Each series of a known model is there from the start, so that the first event
 * is seen as a rise from 0.
 */
export function createInstruments(models: readonly string[]) {
  const registry = new Registry()
  const registers = [registry]
  const gauges = build(
    MODEL_GAUGES,
    (name, { help }) => new Gauge<Label>({ name, help, labelNames, registers }),
  )
  const counters = build(
    COUNTERS,
    (name, { help }) => new Counter<Label>({ name, help, labelNames, registers }),
  )
  const histograms = build(
    HISTOGRAMS,
    (name, { help, buckets }) =>
      new Histogram<Label>({ name, help, labelNames, registers, buckets: [...buckets] }),
  )
  const ofProcess = build(PROCESS_GAUGES, (name, { help }) => new Gauge({ name, help, registers }))
  for (const model of models) {
    for (const counter of Object.values(counters)) counter.inc({ model }, 0)
    for (const histogram of Object.values(histograms)) histogram.zero({ model })
  }
  return { registry, gauges, counters, histograms, ofProcess }
}

/** One instrument for each metric of a table, under its full name. */
function build<Name extends string, Described, Instrument>(
  table: Record<Name, Described>,
  make: (name: string, described: Described) => Instrument,
): Record<Name, Instrument> {
  const entries = Object.entries<Described>(table)
  // The names of `table`, each once: `fromEntries` forgets them.
  return Object.fromEntries(
    entries.map(([name, described]) => [name, make(PREFIX + name, described)]),
  ) as Record<Name, Instrument>
}
