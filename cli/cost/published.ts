import type { Device, Speeds } from './devices.ts'
import { speedOf, type Throughput } from './speed.ts'

/** A throughput that others measured and published: output tokens a second of a busy server, prompts included. */
type Published = {
  device: Device
  model: string
  throughput: Throughput
  how: string
  page: string
  seen: string
}

/** Of models of seven and eight billion parameters. None is this project's host: vLLM served them. */
export const PUBLISHED: readonly Published[] = [
  {
    device: 'a40',
    model: 'Llama 3.1 8B in 16 bits',
    throughput: { promptTokens: 100, outputTokens: 443, tokensPerSecond: 1016.6 },
    how: '50 requests at once',
    page: 'https://www.databasemart.com/blog/vllm-gpu-benchmark-a40',
    seen: '2026-11-29',
  },
  {
    device: 'a40',
    model: 'Qwen2.5 7B in 16 bits',
    throughput: { promptTokens: 100, outputTokens: 514, tokensPerSecond: 1094.54 },
    how: '50 requests at once',
    page: 'https://www.databasemart.com/blog/vllm-gpu-benchmark-a40',
    seen: '2026-11-29',
  },
]

/**
 * Memory bandwidth by the maker's data sheets, in GB a second. Writing tokens is bound by it, so an L4 is taken to be
 * slower than an A40 by as much. Nobody was found to have published a throughput of an L4 under load.
 */
export const BANDWIDTH = { a40: 696, l4: 300 } as const

/** What is taken for GPUs where nothing measured is given: the slower of those published, and an L4 by its bandwidth. */
export function publishedSpeeds(): Pick<Speeds, 'a40' | 'l4'> {
  const slowest = PUBLISHED.reduce((a, b) =>
    a.throughput.tokensPerSecond < b.throughput.tokensPerSecond ? a : b,
  )
  const { promptSeconds, outputSeconds } = speedOf([slowest.throughput])
  const times = BANDWIDTH.a40 / BANDWIDTH.l4
  return {
    a40: { promptSeconds, outputSeconds },
    l4: { promptSeconds: promptSeconds * times, outputSeconds: outputSeconds * times },
  }
}
