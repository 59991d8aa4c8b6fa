import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serviceKeys } from '../../cli/service-keys.ts'
import { pull } from '../../inference-host/pull/pull.ts'
import { type Part, startPart } from '../../local/part.ts'
import { BENCH_DIR, freePort } from '../kit.ts'
import { createHostClient, type HostClient } from './client.ts'
import { readExposition } from './exposition.ts'
import { findModel, MINILM, rewriterModel } from './models.ts'

/** Where the hosts keep what they prepare. */
const HOSTS_DIR = join(BENCH_DIR, 'host')
const MAIN = new URL('../../inference-host/main.ts', import.meta.url)
const EMBEDDED = fileURLToPath(new URL('../../models/twohop-chat', import.meta.url))

/**
 * `batching`: as it comes; `wide`: with slots for the longest run of the scaling curve; `plain`: transformers.js'
 * own `generate` behind the same routes; `exact`: with HOST_EXACT; `encoder`: MiniLM; `small`: the embedded chat model;
 * `rewriter` and `plain-rewriter`: an encoder-decoder, as it comes and by transformers.js' own `generate`.
 */
export type HostName =
  | 'batching'
  | 'wide'
  | 'plain'
  | 'exact'
  | 'encoder'
  | 'small'
  | 'rewriter'
  | 'plain-rewriter'

export type HostUnderTest = {
  url: string
  client: HostClient
  /** Its figures by name, of the one model that it serves. */
  figures(): Promise<Map<string, number>>
}

export type Hosts = { get(name: HostName): Promise<HostUnderTest>; stop(): Promise<void> }

/**
 * Hosts of this project, each started when it is first asked for.
 * @param chatFolder folder of the chat model, laid out like a hub repository
 * @param signal aborted, hosts that are still starting are ended
 */
export async function createHosts(
  chatFolder: string,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<Hosts> {
  const keys = await serviceKeys('bench')
  const started = new Map<HostName, Promise<HostUnderTest>>()
  const parts: Part<unknown>[] = []
  const settings: Record<HostName, { task: string; folder?: string; slots?: number; exact?: true }> = {
    batching: { task: 'text-generation', folder: chatFolder },
    wide: { task: 'text-generation', folder: chatFolder, slots: 32 },
    plain: { task: 'text-generation', folder: chatFolder, slots: 1 },
    exact: { task: 'text-generation', folder: chatFolder, exact: true },
    encoder: { task: 'feature-extraction', folder: MINILM },
    small: { task: 'text-generation', folder: EMBEDDED },
    rewriter: { task: 'translation' },
    'plain-rewriter': { task: 'translation', slots: 1 },
  }

  async function start(name: HostName): Promise<HostUnderTest> {
    progress(`starting the ${name} host`)
    const { task, slots, exact, folder = await rewriterModel() } = settings[name]
    const model = findModel(folder).split('/').at(-1) ?? name
    const manifest = await pullModel({ id: model, source: folder, task, device: 'cpu' })
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
    // A host may load a model when it is first asked for.
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
    async stop() {
      await Promise.allSettled(started.values())
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}

/** Writes the manifest of one model, and its lock. Resolves with the manifest's file. */
async function pullModel(entry: {
  id: string
  source: string
  task: string
  device: string
}): Promise<string> {
  const manifest = join(HOSTS_DIR, `${entry.id}.json`)
  await mkdir(HOSTS_DIR, { recursive: true })
  await writeFile(manifest, JSON.stringify({ models: [entry] }))
  await pull(manifest, { modelsDir: HOSTS_DIR })
  return manifest
}
