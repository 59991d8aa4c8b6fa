import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serviceKeys } from '../../deploy/service-keys.ts'
import { pull } from '../../inference-host/models/pull.ts'
import { startPart } from '../../local/part.ts'
import { BENCH_DIR, spread } from '../kit.ts'
import type { BenchOptions } from '../options.ts'
import { createHostClient, type HostClient } from './client.ts'

/** Prompt tokens that all requests share, tokens of their own, output tokens, and requests at once. */
type Case = { name: string; shared: number; own: number; output: number; streams: number }

const CASES: readonly Case[] = [
  { name: '64 + 64 x 1', shared: 0, own: 64, output: 64, streams: 1 },
  { name: '64 + 64 x 16', shared: 0, own: 64, output: 64, streams: 16 },
  { name: '256 + 64 x 16', shared: 0, own: 256, output: 64, streams: 16 },
  { name: '256 shared + 16 + 64 x 16', shared: 256, own: 16, output: 64, streams: 16 },
]

/** A real model beside the checkout, or the folder in BENCH_MODEL. */
const MODEL =
  process.env.BENCH_MODEL ??
  fileURLToPath(new URL('../../../shared/models/SmolLM2-135M-Instruct', import.meta.url))
const ID = 'bench'
/** Words that are one token each in GPT-2's kind of vocabulary. */
const WORDS =
  'time people way day man thing woman life child world school state family student group country'.split(' ')

/**
 * The host batching, beside the same host and routes with plain transformers.js generating one request at a time:
 * output tokens a second with the prompts' time included, in interleaved runs, and how late its HTTP thread answers.
 */
export async function hostBench({ json, rounds, progress }: BenchOptions): Promise<unknown> {
  if (!existsSync(join(MODEL, 'config.json')))
    throw new Error(
      `There is no model in ${MODEL}; set BENCH_MODEL to a folder laid out like a hub repository.`,
    )
  const dir = join(BENCH_DIR, 'host')
  await mkdir(dir, { recursive: true })
  const manifest = join(dir, 'models.json')
  const entry = { id: ID, source: MODEL, task: 'text-generation', dtype: 'auto', device: 'cpu' }
  await writeFile(manifest, JSON.stringify({ models: [entry] }))
  await pull(manifest, { modelsDir: dir })
  const keys = await serviceKeys('bench')
  const start = (slots: number) =>
    startPart<{ url: string }>(new URL('../../inference-host/main.ts', import.meta.url), {
      env: {
        HOST_PORT: '0',
        HOST_DEVICE: 'cpu',
        HOST_SLOTS: String(slots),
        MODELS_FILE: manifest,
        MODELS_DIR: dir,
        SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(keys.publicKeys),
      },
    })
  progress('starting both hosts')
  const plain = await start(1)
  const batching = await start(16)
  const stop = () => Promise.all([plain.stop(), batching.stop()])
  const stopOnSignal = () => void stop().then(() => process.exit(130))
  process.once('SIGINT', stopOnSignal)
  try {
    const targets = { plain, batching }
    const seen = new Map<string, { speed: number; firstTokenMs: number }[]>()
    const livez: number[] = []
    for (let round = 1; round <= rounds; round++)
      for (const one of CASES)
        for (const [name, target] of Object.entries(targets)) {
          progress(`round ${round} of ${rounds}: ${one.name}: ${name}`)
          const client = createHostClient(target.ready.url, ID, keys)
          const probe = name === 'batching' ? probeLivez(target.ready.url, livez) : undefined
          const result = await runCase(client, one, `${round} ${one.name}`)
          await probe?.stop()
          const key = `${one.name}|${name}`
          seen.set(key, [...(seen.get(key) ?? []), result])
        }
    const cases = CASES.map(({ name }) => {
      const of = (target: string) => {
        const runs = seen.get(`${name}|${target}`) ?? []
        return {
          tokensPerSecond: spread(runs.map(({ speed }) => speed)),
          firstTokenMs: spread(runs.map(({ firstTokenMs }) => firstTokenMs)),
        }
      }
      const [plainFigures, batchingFigures] = [of('plain'), of('batching')]
      const ratio = batchingFigures.tokensPerSecond.median / plainFigures.tokensPerSecond.median
      return { name, plain: plainFigures, batching: batchingFigures, ratio }
    })
    const sorted = livez.toSorted((a, b) => a - b)
    const result = {
      model: MODEL.split('/').at(-1),
      rounds,
      cases,
      livezP99Ms: sorted[Math.floor(sorted.length * 0.99)],
    }
    if (!json) print(result)
    return result
  } finally {
    process.off('SIGINT', stopOnSignal)
    await stop()
  }
}

/** Runs a case's requests at once; a first one alone fills the prefix cache where the case shares a prefix. */
async function runCase(client: HostClient, { shared, own, output, streams }: Case, salt: string) {
  const prefix = words(`shared ${salt}`, shared)
  const ask = (i: number) =>
    client({ prompt: prefix + words(`${salt} ${i}`, own), outputTokens: output, account: 'bench' })
  if (shared > 0) await ask(-1)
  const began = performance.now()
  const done = await Promise.all(Array.from({ length: streams }, (_, i) => ask(i)))
  const seconds = (performance.now() - began) / 1000
  const tokens = done.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
  return {
    speed: tokens / seconds,
    firstTokenMs: spread(done.map(({ firstTokenMs }) => firstTokenMs)).median,
  }
}

/** `count` words that depend on `salt` alone, so that no two prompts share a prefix by chance. */
function words(salt: string, count: number): string {
  let state = [...salt].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 7)
  let text = ''
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    text += ` ${WORDS[(state >>> 16) % WORDS.length]}`
  }
  return text
}

/** Asks for /livez all the time, and notes how long each answer took, in milliseconds. */
function probeLivez(url: string, times: number[]) {
  let going = true
  const probing = (async () => {
    while (going) {
      const began = performance.now()
      await (await fetch(`${url}/livez`)).text()
      times.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return {
    stop() {
      going = false
      return probing
    },
  }
}

type Figures = { tokensPerSecond: ReturnType<typeof spread>; firstTokenMs: ReturnType<typeof spread> }

function print({
  model,
  cases,
  livezP99Ms,
}: {
  model: string | undefined
  cases: { name: string; plain: Figures; batching: Figures; ratio: number }[]
  livezP99Ms: number | undefined
}): void {
  console.log(`\n${model}: prompt + output x requests at once, output tokens a second`)
  console.table(
    Object.fromEntries(
      cases.map(({ name, plain, batching, ratio }) => [
        name,
        {
          'plain transformers.js': plain.tokensPerSecond.median.toFixed(1),
          batching: batching.tokensPerSecond.median.toFixed(1),
          spread: `${batching.tokensPerSecond.min.toFixed(0)}-${batching.tokensPerSecond.max.toFixed(0)}`,
          ratio: ratio.toFixed(2),
          'first token ms, plain': plain.firstTokenMs.median.toFixed(0),
          'first token ms, batching': batching.firstTokenMs.median.toFixed(0),
        },
      ]),
    ),
  )
  console.log(`/livez p99 under that load: ${livezP99Ms?.toFixed(1)} ms`)
}
