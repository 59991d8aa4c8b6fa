/**
 * Every metric of the edge. Those of models have the labels `model`, `version` (empty for none) and `task`; nothing that a
 * client wrote is ever a label. Names are made like the host's (inference-host/metrics/names.ts).
 */
export const EDGE_METRICS = {
  requests_total: { type: 'counter', help: 'Requests that were settled, by outcome.' },
  prompt_tokens_total: { type: 'counter', help: 'Prompt tokens of settled requests.' },
  generation_tokens_total: { type: 'counter', help: 'Tokens generated for settled requests.' },
  units_total: {
    type: 'counter',
    help: 'Units charged. What is given back by a late correction is not taken off.',
  },
  request_duration_seconds: { type: 'histogram', help: 'From the reservation to the end.' },
  time_to_first_byte_seconds: {
    type: 'histogram',
    help: 'From the reservation to the first token of a stream, by its host; else to its first event.',
  },
  errors_total: { type: 'counter', help: 'Errors that the edge answered, by code.' },
  events_waiting: { type: 'gauge', help: 'Usage events in Redis that the ledger has not taken.' },
  event_oldest_seconds: { type: 'gauge', help: 'Age of the oldest of them; 0 where there is none.' },
  requests_open: { type: 'gauge', help: 'Reservations that are not settled yet.' },
  jobs_open: { type: 'gauge', help: 'Jobs that have not ended.' },
  project_used_units: { type: 'gauge', help: 'Units of the whole deployment in this UTC day or month.' },
  project_budget_units: {
    type: 'gauge',
    help: 'What the whole deployment may spend in it, where that is bounded.',
  },
  forecast_requests: { type: 'gauge', help: 'Requests a month that the forecast of the cost was made for.' },
  forecast_generation_tokens: { type: 'gauge', help: 'Tokens generated a month, by the same forecast.' },
  cost_usd: {
    type: 'gauge',
    help: 'About what this UTC month costs: so_far, at_this_rate of the last seven days, and by the forecast: due up to now, forecast.',
  },
} as const satisfies Record<string, { type: 'counter' | 'gauge' | 'histogram'; help: string }>

export type EdgeMetric = keyof typeof EDGE_METRICS

/** What every name begins with. */
export const EDGE_PREFIX = 'twohop_edge_'
