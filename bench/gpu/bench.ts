import { join } from 'node:path'
import type { Device } from '../../inference-host/device/port.ts'
import { type Part, startPart } from '../../local/part.ts'
import { type ServiceKeys, serviceKeys } from '../../local/service-keys.ts'
import { createHostClient, type HostClient, tokensPerSecond } from '../host/client.ts'
import { HOSTS_DIR, pullModel } from '../host/hosts.ts'
import { machine } from '../host/machine.ts'
import { words } from '../host/prompts.ts'
import { BENCH_DIR } from '../kit.ts'
import type { BenchOptions } from '../options.ts'
import { tryForms, whyNone } from './devices.ts'
import { decoderInForms, type Form } from './forms.ts'
import { gpuTable, type Row, STREAMS } from './table.ts'

export type GpuBenchOptions = Omit<BenchOptions, 'rounds'> & {
  /** The devices to measure; those of a GPU where none is named. */
  device: readonly Device[]
  /** A tiny model and few tokens: a look at the script, not figures to quote. */
  quick: boolean
}

/** All of it takes less than ten minutes: what is not measured by then is left out. */
const MOST_MS = 570_000
const MAIN = new URL('../../inference-host/main.ts', import.meta.url)

type Load = { streams: readonly number[]; prompt: number; output: number; asked: number }
const LOAD: Load = { streams: STREAMS, prompt: 64, output: 64, asked: 16 }
const QUICK: Load = { streams: [1, 4], prompt: 8, output: 4, asked: 4 }

/**
 * Measures the host on the GPUs of this machine: whether its answers are those of the CPU, and how many tokens it writes, in 32
 * bits and in 16. It prints the table for docs/gpu.md.
 * @throws Error of one line where there is no GPU
 */
export async function gpuBench({ device: asked, quick, json, progress, signal: stop }: GpuBenchOptions) {
  const late = AbortSignal.timeout(MOST_MS)
  const signal = AbortSignal.any([stop, late])
  const folder = await decoderInForms(join(BENCH_DIR, 'models'), quick)
  const devices: readonly Device[] = asked.length > 0 ? asked : ['cuda', 'webgpu']
  const tried = []
  for (const one of devices) {
    progress(`trying ${one}`)
    tried.push(await tryForms(one, folder))
  }
  const none = whyNone(tried)
  if (none !== undefined) throw new Error(none)

  const load = quick ? QUICK : LOAD
  const bench = { folder, keys: await serviceKeys('bench'), load, late, asked: stop, signal, progress }
  const rows: Row[] = []
  for (const { device, runs, not } of tried) {
    for (const form of runs) rows.push(await measured({ ...bench, device, form }))
    for (const [form, why] of Object.entries(not))
      rows.push({ device, form: form as Form, batched: why.split('\n')[0] ?? '', tokensPerSecond: new Map() })
  }
  const result = {
    machine: machine(),
    quick,
    rows: rows.map((row) => ({ ...row, tokensPerSecond: Object.fromEntries(row.tokensPerSecond) })),
  }
  if (!json) process.stdout.write(`\n${gpuTable(rows, load.streams)}\n`)
  return result
}

type Measuring = {
  folder: string
  keys: ServiceKeys
  load: Load
  /** The end of the time for everything, the user's interruption, and either. */
  late: AbortSignal
  asked: AbortSignal
  signal: AbortSignal
  progress: (line: string) => void
  device: Device
  form: Form
}

/** What a host on that device does, beside one on the CPU. What fails or comes too late is left out. */
async function measured(bench: Measuring): Promise<Row> {
  const { device, form, load, asked, signal, progress } = bench
  const row: Row = { device, form, batched: 'yes', tokensPerSecond: new Map() }
  const speeds = new Map<number, number>()
  try {
    const expected = await withHost({ ...bench, device: 'cpu' }, ({ client }) => answersOf(client, bench))
    return await withHost(bench, async ({ client, alone }) => {
      const answers = await answersOf(client, bench)
      const same = {
        equal: answers.filter((answer, i) => answer === expected[i]).length,
        of: answers.length,
      }
      for (const streams of load.streams) {
        if (signal.aborted) break
        progress(`${device} ${form}: ${load.prompt} + ${load.output} x ${streams}`)
        speeds.set(streams, await speedOf(client, streams, bench))
      }
      return { ...row, batched: alone() ?? 'yes', same, tokensPerSecond: speeds }
    })
  } catch (error) {
    asked.throwIfAborted()
    const why = bench.late.aborted ? 'no time left' : error instanceof Error ? error.message : String(error)
    return { ...row, batched: why.split('\n')[0] ?? '', tokensPerSecond: speeds }
  }
}

type Running = {
  client: HostClient
  /** Why its requests are not batched; undefined where they are. */
  alone: () => string | undefined
}

/** Starts a host, does something with it, and ends it. */
async function withHost<Result>(
  { folder, keys, device, form, load, signal, progress }: Measuring,
  use: (running: Running) => Promise<Result>,
): Promise<Result> {
  progress(`starting a host on ${device} with ${form}`)
  const id = `gpu-${device}-${form}`
  const entry = { id, source: folder, task: 'text-generation', device, dtype: form } as const
  const { manifest } = await pullModel(entry, progress, signal)
  let why: string | undefined
  const part: Part<{ url: string }> = await startPart(MAIN, {
    signal,
    onLine(line) {
      if (line.includes('one_at_a_time')) why = `one at a time: ${/why="?([^"]*)/.exec(line)?.[1] ?? line}`
    },
    env: {
      HOST_PORT: '0',
      HOST_DEVICE: device,
      HOST_SLOTS: String(Math.max(...load.streams)),
      MODELS_FILE: manifest,
      MODELS_DIR: HOSTS_DIR,
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(keys.publicKeys),
    },
  })
  try {
    const client = createHostClient({ url: part.ready.url, model: id, keys })
    await client.complete('Hello', { account: 'first', outputTokens: 2, signal })
    return await use({ client, alone: () => why })
  } finally {
    await part.stop()
  }
}

/** Answers to the same prompts, asked at once. */
async function answersOf({ complete }: HostClient, { load, signal }: Measuring): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: load.asked }, (_, i) =>
      complete(words(`same ${i}`, load.prompt), { account: `${i}`, outputTokens: load.output, signal }),
    ),
  )
  return answers.map(({ text }) => text)
}

/** Output tokens a second of so many streams at once, their prompts included. */
async function speedOf(
  { complete }: HostClient,
  streams: number,
  { load, signal }: Measuring,
): Promise<number> {
  const all = await Promise.all(
    Array.from({ length: streams }, (_, i) =>
      complete(words(`speed ${streams} ${i}`, load.prompt), {
        account: `${i}`,
        outputTokens: load.output,
        signal,
      }),
    ),
  )
  return tokensPerSecond(all)
}
