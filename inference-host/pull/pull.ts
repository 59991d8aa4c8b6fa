import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { digestFile } from '../weights/digest.ts'
import { ModelError } from '../weights/error.ts'
import { chooseFiles } from '../weights/files.ts'
import {
  folderOf,
  type Lock,
  type LockedModel,
  listFiles,
  loadedFiles,
  lockedEntry,
  readLock,
  verifyModel,
  writeLock,
} from '../weights/lock.ts'
import { isFolder, type ModelEntry, readManifest, sourceFolder } from '../weights/manifest.ts'
import { type CatalogEntry, catalogEntry } from './catalog-entry.ts'
import { download, type Wanted } from './download.ts'
import { type HubFile, listRepository } from './hub-listing.ts'
import { type Hub, parseEndpoint } from './hub-request.ts'
import { type RetryPolicy, retry } from './retry.ts'

/** One file on its way; `received` of `bytes` are there. */
export type Progress = { model: string; file: string; received: number; bytes: number; done: boolean }

export type PullOptions = {
  /** Where models of the hub are kept. */
  modelsDir: string
  /** Fetch exactly what the lock says, and fail where anything differs. The lock is never written. Default false. */
  frozen?: boolean
  /** Hub to fetch from. Default https://huggingface.co. */
  endpoint?: string | undefined
  /** Token for the hub's own origin. */
  token?: string | undefined
  /** Interrupts the pull. Fetched bytes stay, and the next pull resumes there. */
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
  /** Milliseconds without a byte after which a connection counts as dead. Default 30,000. */
  stallMs?: number
  /** Tries a file or list gets. Default 5. */
  attempts?: number
  fetch?: typeof fetch
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  random?: () => number
}

/** A model whose files are there and locked. `commit` only of hub sources. */
export type PulledModel = {
  id: string
  folder: string
  dtype: LockedModel['dtype']
  commit: string | undefined
  files: number
  bytes: number
  catalog: CatalogEntry
  warning: string | undefined
}

type Run = {
  manifestFile: string
  modelsDir: string
  hub: Hub
  policy: RetryPolicy
  onProgress: (progress: Progress) => void
}

/** Two files at a time: one alone leaves the line idle between requests, more only share it. */
const CONCURRENT_FILES = 2

/**
 * Fetches the models of a manifest, hashes every file and writes the lock beside the manifest. Folder sources are
 * hashed where they lie. The lock is written only when all models are there.
 * @throws ModelError; `pull_interrupted` after `signal`.
 */
export async function pull(manifestFile: string, options: PullOptions): Promise<PulledModel[]> {
  const signal = options.signal ?? new AbortController().signal
  const run: Run = {
    manifestFile,
    modelsDir: options.modelsDir,
    hub: {
      endpoint: parseEndpoint(options.endpoint ?? 'https://huggingface.co'),
      token: options.token,
      fetch: options.fetch ?? fetch,
      stallMs: options.stallMs ?? 30_000,
      signal,
    },
    policy: {
      attempts: options.attempts ?? 5,
      sleep: options.sleep ?? ((ms, stop) => delay(ms, undefined, { signal: stop })),
      random: options.random ?? Math.random,
    },
    onProgress: options.onProgress ?? (() => undefined),
  }
  try {
    const { models } = await readManifest(manifestFile)
    const before = await readLock(manifestFile)
    const locked: [ModelEntry, LockedModel][] = []
    for (const entry of models)
      locked.push([entry, await lockEntry(run, entry, before, options.frozen ?? false)])
    const after = Object.fromEntries(locked.map(([{ id }, model]) => [id, withForm(model, before, id)]))
    if (!options.frozen) await writeLock(manifestFile, { version: 1, models: after })
    const pulled: PulledModel[] = []
    for (const [entry, model] of locked) pulled.push(await describe(run, entry, model))
    return pulled
  } catch (thrown) {
    if (signal.aborted) throw new ModelError('pull_interrupted', 'interrupted; run it again to go on', thrown)
    throw thrown
  }
}

function lockEntry(run: Run, entry: ModelEntry, before: Lock, frozen: boolean): Promise<LockedModel> {
  if (frozen) return fetchLocked(run, entry, before)
  return isFolder(entry.source) ? lockFolder(run, entry) : lockRepository(run, entry, before)
}

/** A model of the very same files keeps its serving form. */
function withForm(model: LockedModel, before: Lock, id: string): LockedModel {
  const old = Object.hasOwn(before.models, id) ? before.models[id] : undefined
  const same = old?.serving !== undefined && isDeepStrictEqual(old.files, model.files)
  return same ? { ...model, serving: old.serving } : model
}

/** Fetches the files that the lock names, and verifies them. */
async function fetchLocked(run: Run, entry: ModelEntry, before: Lock): Promise<LockedModel> {
  const locked = lockedEntry(before, entry, run.manifestFile)
  if (!isFolder(entry.source)) await fetchFiles(run, entry, locked, new Map(Object.entries(locked.files)))
  await verifyModel(entry, run)
  return locked
}

async function lockFolder(run: Run, entry: ModelEntry): Promise<LockedModel> {
  const folder = sourceFolder(entry.source, run.manifestFile)
  const names = await listFiles(folder).catch((cause) => {
    throw new ModelError('model_not_found', `${entry.id}: no folder ${folder}`, cause)
  })
  const files: LockedModel['files'] = {}
  for (const name of loadedFiles(names, entry)) {
    run.hub.signal.throwIfAborted()
    const found = await digestFile(path.join(folder, name))
    files[name] = found
    run.onProgress({ model: entry.id, file: name, received: found.bytes, bytes: found.bytes, done: true })
  }
  return { source: entry.source, dtype: entry.dtype, files }
}

async function lockRepository(run: Run, entry: ModelEntry, lock: Lock): Promise<LockedModel> {
  const before = Object.hasOwn(lock.models, entry.id) ? lock.models[entry.id] : undefined
  const { source, revision } = entry
  const { commit, files } = await retry(
    () => listRepository(run.hub, source, revision),
    run.policy,
    run.hub.signal,
  )
  const chosen = chooseFiles([...files.keys()], entry, source)
  // A commit never changes, so the hub still has to give the locked files.
  const known = before?.source === source && before.commit === commit ? before.files : {}
  const wanted = new Map<string, HubFile>(
    chosen.files.map((name) => {
      const listed = files.get(name)
      const locked = Object.hasOwn(known, name) ? known[name] : undefined
      return [name, { bytes: locked?.bytes ?? listed?.bytes, sha256: locked?.sha256 ?? listed?.sha256 }]
    }),
  )
  const model = { source, revision, commit, dtype: chosen.dtype }
  return { ...model, files: await fetchFiles(run, entry, model, wanted) }
}

/** Fetches the files that are not there yet, and hashes all. */
async function fetchFiles(
  run: Run,
  entry: ModelEntry,
  model: Pick<LockedModel, 'source' | 'commit' | 'dtype'>,
  wanted: Map<string, HubFile>,
): Promise<LockedModel['files']> {
  const folder = folderOf(model, run)
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new ModelError('disk_failed', `${folder} cannot be made`, cause)
  })
  const files: LockedModel['files'] = {}
  const waiting = [...wanted]
  const stop = new AbortController()
  const hub = { ...run.hub, signal: AbortSignal.any([run.hub.signal, stop.signal]) }
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, known] = next
      const file: Wanted = { repository: entry.source, commit: model.commit ?? '', name, ...known }
      files[name] = await fetchFile({ ...run, hub }, entry.id, file, path.join(folder, name))
    }
  }
  const workers = Array.from({ length: CONCURRENT_FILES }, () =>
    worker().catch((thrown) => {
      stop.abort()
      throw thrown
    }),
  )
  const failed = (await Promise.allSettled(workers)).filter((result) => result.status === 'rejected')
  const told = failed.find(({ reason }) => reason instanceof ModelError) ?? failed[0]
  if (told !== undefined) throw told.reason
  return files
}

async function fetchFile(
  run: Run,
  model: string,
  wanted: Wanted,
  target: string,
): Promise<{ sha256: string; bytes: number }> {
  const report = (received: number, bytes: number, done: boolean) =>
    run.onProgress({ model, file: wanted.name, received, bytes, done })
  // Small files come without a hash; they are fetched again rather than believed.
  const present = wanted.sha256 === undefined ? undefined : await digestFile(target).catch(() => undefined)
  const found =
    present !== undefined && present.sha256 === wanted.sha256
      ? present
      : await retry(
          () => download(run.hub, wanted, target, (received, bytes) => report(received, bytes, false)),
          run.policy,
          run.hub.signal,
        )
  report(found.bytes, found.bytes, true)
  return found
}

async function describe(run: Run, entry: ModelEntry, locked: LockedModel): Promise<PulledModel> {
  const folder = folderOf(locked, run)
  const sizes = Object.values(locked.files).map((file) => file.bytes)
  return {
    id: entry.id,
    folder,
    dtype: locked.dtype,
    commit: locked.commit,
    files: sizes.length,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    ...(await catalogEntry(entry, folder)),
  }
}
