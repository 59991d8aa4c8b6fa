import type { Device, Speeds } from './devices.ts'
import { type Speed, speedOf, type Throughput } from './speed.ts'

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
  {
    device: 'l4',
    model: 'Qwen2.5 7B in 16 bits',
    // Two wrote 855 together, of prompts that share nothing, with 128 requests at once.
    throughput: { promptTokens: 512, outputTokens: 128, tokensPerSecond: 855 / 2 },
    how: '64 requests at once, half of what two gave together',
    page: 'https://nicolas-richard.github.io/posts/how-much-can-two-nvidia-l4s-serve.html',
    seen: '2026-11-29',
  },
]

/** What is taken for GPUs where nothing measured is given: of those published for each, the slowest. */
export function publishedSpeeds(): Pick<Speeds, 'a40' | 'l4'> {
  return { a40: slowest('a40'), l4: slowest('l4') }
}

function slowest(device: Device): Speed {
  const all = PUBLISHED.filter((one) => one.device === device).map(({ throughput }) => throughput)
  return speedOf(all.toSorted((a, b) => a.tokensPerSecond - b.tokensPerSecond).slice(0, 1))
}
