import { COUNTS, MEASURED_CPU } from './counts.ts'
import type { PriceBook } from './price-book.ts'
import { priceBook } from './price-book.ts'
import prices from './prices.json' with { type: 'json' }
import { PUBLISHED } from './published.ts'
import type { Workload } from './workload.ts'

/** The prices that come with the project. */
export function defaultPrices(): PriceBook {
  return priceBook(prices)
}

/** The workload of a small extension, used where no option says otherwise. */
export const DEFAULT_WORKLOAD: Workload = {
  users: 1000,
  requestsPerDay: 10,
  promptTokens: 300,
  outputTokens: 150,
  streamingSeconds: 10,
  peak: 3,
  scheduleMinutes: 1,
  lookSeconds: COUNTS.hostLookSeconds,
}

const measured = MEASURED_CPU.map(
  ({ promptTokens, outputTokens, tokensPerSecond }) =>
    `${tokensPerSecond} tokens/s at ${promptTokens} in and ${outputTokens} out`,
).join(', ')

const published = PUBLISHED.map(
  ({ model, device, throughput, how }) =>
    `${model} on ${device.toUpperCase()}: ${throughput.tokensPerSecond} tokens/s, ${how}`,
).join('; ')

export const CPU_MEASURED = `CPU containers: SmolLM2-135M on 2 cores, 16 requests at once: ${measured}.`
const pages = [...new Set(PUBLISHED.map(({ page, seen }) => `<${page}>, seen ${seen}`))].join('; ')
export const GPU_PUBLISHED = `GPU containers: ${published}. Where two are of one GPU, the slower is taken. These are others' figures, with vLLM and not with this host: ${pages}.`
