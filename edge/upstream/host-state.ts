/** What a host does with one of its models right now. */
export type ModelState = {
  model: string
  /** Requests that have a place, and those that wait for one. */
  running: number
  waiting: number
  /** Whether it is in memory. */
  resident: boolean
  /** The share of its cache's memory that is in use, 0 to 1; undefined where the model has none. */
  cache: number | undefined
}

/** Gauges in Prometheus's text format, whose only label is the model (inference-host/metrics/names.ts). */
const LINE =
  /^twohop_(num_requests_running|num_requests_waiting|model_resident|kv_cache_usage_perc)\{model="((?:[^"\\]|\\.)*)"\} (\S+)$/gm

/** The models in a host's metrics, in their order there. Whatever else stands there is left out. */
export function modelStates(text: string): ModelState[] {
  const found = new Map<string, Map<string, number>>()
  for (const [, name = '', label = '', value] of text.matchAll(LINE)) {
    const model = label.replaceAll(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign))
    const values = found.get(model) ?? new Map()
    found.set(model, values.set(name, Number(value)))
  }
  return [...found].map(([model, values]) => ({
    model,
    running: values.get('num_requests_running') ?? 0,
    waiting: values.get('num_requests_waiting') ?? 0,
    resident: values.get('model_resident') === 1,
    cache: values.get('kv_cache_usage_perc'),
  }))
}
