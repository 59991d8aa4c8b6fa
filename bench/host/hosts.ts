import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pickDtype } from '../../inference-host/device/dtype.ts'
import type { Dtype, ModelTask } from '../../inference-host/device/port.ts'
import { type Progress, pull } from '../../inference-host/pull/pull.ts'
import { hubIn } from '../../inference-host/pull/variables.ts'
import { isFolder } from '../../inference-host/weights/manifest.ts'
import { type Part, startPart } from '../../local/part.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import { BENCH_DIR, freePort } from '../kit.ts'
import { createHostClient, type HostClient } from './client.ts'
import { readExposition } from './exposition.ts'
import type { Models, ModelUse } from './models.ts'

/** The folder where the hosts keep what they prepare. */
export const HOSTS_DIR = join(BENCH_DIR, 'host')
const MAIN = new URL('../../inference-host/main.ts', import.meta.url)
const SMALL = {
  id: 'twohop-chat',
  source: fileURLToPath(new URL('../../models/twohop-chat', import.meta.url)),
}

/**
 * The hosts to measure:
 *
 * - `batching`: with default settings
 * - `wide`: with slots for the longest run of the scaling curve
 * - `plain`: transformers.js' own `generate` behind the same routes
 * - `exact`: with HOST_EXACT
 * - `encoder`: the embedding model
 * - `small`: the embedded chat model
 * - `seq2seq` and `plain-seq2seq`: an encoder-decoder, with default settings and by transformers.js' own `generate`
 */
export type HostName =
  | 'batching'
  | 'wide'
  | 'plain'
  | 'exact'
  | 'encoder'
  | 'small'
  | 'seq2seq'
  | 'plain-seq2seq'

export type HostUnderTest = {
  url: string
  client: HostClient
  /** The metrics of its one model, by name. */
  figures(): Promise<Map<string, number>>
}

/**
 * The files of a model: its folder, the dtype that is loaded on a CPU, and the path of the manifest, beside which its
 * lock lies.
 */
export type HostFiles = { id: string; folder: string; dtype: Dtype; manifest: string }

export type Hosts = {
  get(name: HostName): Promise<HostUnderTest>
  /** The same files that a host loads, for what is measured beside it. */
  files(name: HostName): Promise<HostFiles>
  stop(): Promise<void>
}

type Settings = {
  task: ModelTask
  model: ModelUse | 'small'
  slots?: number
  exact?: true
}

const CHAT = { task: 'text-generation', model: 'chat' } as const
const SEQ2SEQ = { task: 'translation', model: 'seq2seq' } as const
const SETTINGS: Record<HostName, Settings> = {
  batching: CHAT,
  wide: { ...CHAT, slots: 32 },
  plain: { ...CHAT, slots: 1 },
  exact: { ...CHAT, exact: true },
  encoder: { task: 'feature-extraction', model: 'embedding' },
  small: { task: 'text-generation', model: 'small' },
  seq2seq: SEQ2SEQ,
  'plain-seq2seq': { ...SEQ2SEQ, slots: 1 },
}

/**
 * Hosts of this project. Each is started when it is first requested.
 * @param signal when it is aborted, hosts that are still starting are ended
 */
export async function createHosts(
  models: Models,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<Hosts> {
  const keys = await serviceKeys('bench')
  const started = new Map<HostName, Promise<HostUnderTest>>()
  const parts: Part<unknown>[] = []
  async function files(name: HostName): Promise<HostFiles> {
    const { task, model } = SETTINGS[name]
    const { id, source } = model === 'small' ? SMALL : await models.get(model)
    return pullModel({ id, source, task, device: 'cpu' }, progress, signal)
  }

  async function start(name: HostName): Promise<HostUnderTest> {
    progress(`starting the ${name} host`)
    const { task, slots, exact } = SETTINGS[name]
    const { id: model, manifest } = await files(name)
    const metricsPort = await freePort()
    const part = await startPart<{ url: string }>(MAIN, {
      signal,
      env: {
        // V8's young generation grows to 128 MiB by itself, which hides whether memory is flat.
        NODE_OPTIONS: '--max-semi-space-size=8',
        HOST_PORT: '0',
        HOST_METRICS_PORT: String(metricsPort),
        HOST_DEVICE: 'cpu',
        ...(slots === undefined ? {} : { HOST_SLOTS: String(slots) }),
        ...(exact && { HOST_EXACT: 'true' }),
        MODELS_FILE: manifest,
        MODELS_DIR: HOSTS_DIR,
        SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(keys.publicKeys),
      },
    })
    parts.push(part)
    const { url } = part.ready
    const client = createHostClient({ url, model, keys })
    // A host may load a model only at its first request.
    const first = { account: 'first', signal }
    if (task === 'feature-extraction') await client.embed(['Hello'], first)
    else if (task === 'translation') await client.translate('Hello', { ...first, outputTokens: 8 })
    else await client.complete('Hello', { ...first, outputTokens: 8 })
    return {
      url,
      client,
      figures: async () =>
        readExposition(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()),
    }
  }

  return {
    get(name) {
      const host = started.get(name) ?? start(name)
      started.set(name, host)
      return host
    },
    files,
    async stop() {
      await Promise.allSettled(started.values())
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}

/**
 * Writes the manifest of one model and its lock. A model of the hub is downloaded the first time.
 * @throws Error where a file is not there, or it cannot be downloaded
 */
export async function pullModel(
  entry: { id: string; source: string; task: ModelTask; device: string; dtype?: Dtype },
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<HostFiles> {
  const manifest = join(HOSTS_DIR, `${entry.id}.json`)
  await mkdir(HOSTS_DIR, { recursive: true })
  await writeFile(manifest, JSON.stringify({ models: [entry] }))
  const onProgress = ({ file, received, bytes, done }: Progress) => {
    const percent = Math.floor((received / Math.max(1, bytes)) * 10) * 10
    if (done || percent === told || isFolder(entry.source)) return
    told = percent
    progress(`fetching ${entry.source}, ${file}: ${percent} % of ${Math.ceil(bytes / 1e6)} MB`)
  }
  let told = -1
  const [pulled] = await pull(manifest, { modelsDir: HOSTS_DIR, ...hubIn(process.env), signal, onProgress })
  if (pulled === undefined) throw new Error(`${entry.id} was not pulled`)
  const { id, folder, dtype } = pulled
  const picked = pickDtype(dtype, entry.task, 'cpu', await readdir(join(folder, 'onnx')))
  return { id, folder, dtype: picked, manifest }
}
