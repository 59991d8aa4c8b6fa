import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readConfig } from '../../inference-host/config.ts'
import { type RunningHost, startHost } from '../../inference-host/host.ts'
import { createLog } from '../../inference-host/platform/log.ts'
import { digestFile } from '../../inference-host/weights/digest.ts'
import { listFiles, loadedFiles, writeLock } from '../../inference-host/weights/lock.ts'
import { Manifest } from '../../inference-host/weights/manifest.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import { threadsFor } from '../fixtures/models.ts'
import { MODELS_DIR } from '../fixtures/models-dir.ts'
import { createSigner, type Signer } from './signer.ts'

type ModelOf = { id: string; source: string; task: string } & Record<string, unknown>

/** Writes a manifest of these models with its lock; `remove` deletes both. */
export async function manifestOf(models: ModelOf[]): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'host-test-'))
  const file = path.join(folder, 'models.json')
  await writeFile(file, JSON.stringify({ models }))
  const locked = await Promise.all(
    Manifest.parse({ models }).models.map(async (entry) => {
      const { id, source, dtype } = entry
      const names = loadedFiles(await listFiles(source), entry)
      const files = await Promise.all(
        names.map(async (name) => [name, await digestFile(path.join(source, name))] as const),
      )
      return [id, { source, dtype, files: Object.fromEntries(files) }] as const
    }),
  )
  await writeLock(file, { version: 1, models: Object.fromEntries(locked) })
  return { file, remove: () => rm(folder, { recursive: true, maxRetries: 10 }) }
}

/** A host with real models, and a client that signs what it sends to it. */
export type Serving = {
  host: RunningHost
  signer: Signer
  lines: string[]
  /** Sends a signed request, of JSON or of bytes; `init.claims` overrides claims, `init.headers` headers. */
  send(
    route: string,
    body?: object | Uint8Array<ArrayBuffer>,
    init?: { claims?: Partial<ServiceClaims>; signal?: AbortSignal },
  ): Promise<Response>
  stop(): Promise<void>
}

export async function serve(models: ModelOf[], variables: Record<string, string> = {}): Promise<Serving> {
  const signer = await createSigner()
  const manifest = await manifestOf(models)
  const lines: string[] = []
  const config = readConfig({
    HOST_PORT: '0',
    HOST_DEVICE: 'cpu',
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    MODELS_DIR,
    ...threadsFor(models.map(({ source }) => source)),
    ...variables,
  })
  const host = await startHost(
    config,
    createLog((line) => void lines.push(line)),
  )
  return {
    host,
    signer,
    lines,
    async send(route, body, { claims, signal } = {}) {
      const [method = '', at = ''] = route.split(' ')
      const text = body === undefined ? '' : body instanceof Uint8Array ? body : JSON.stringify(body)
      const token = await signer.sign(route, text, claims)
      return fetch(host.url + at, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: text }),
        ...(signal && { signal }),
      })
    },
    async stop() {
      await host.drain()
      await manifest.remove()
    },
  }
}
