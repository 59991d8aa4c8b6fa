import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { DTYPES } from '../device/port.ts'
import { digestFile } from './digest.ts'
import { ModelError } from './error.ts'
import { chooseFiles, isLoadable, isSafeName } from './files.ts'
import { codeOf, isFolder, type ModelEntry, parseJsonFile, sourceFolder } from './manifest.ts'

const LockedFile = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
  bytes: z.int().min(0),
})
export type LockedFile = z.infer<typeof LockedFile>

/** A chat model's serving form on the CPU: its dtype, and the version of the recipe that made it. */
const LockedForm = LockedFile.extend({ dtype: z.enum(DTYPES), recipe: z.int().min(1) })
export type LockedForm = z.infer<typeof LockedForm>

export const LockedModel = z
  .strictObject({
    source: z.string(),
    /** For hub sources: the revision asked for, and its commit. */
    revision: z.string().optional(),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40}$/, 'must be a commit')
      .optional(),
    /** For a hub source, the fetched dtype. For a folder, the manifest's, where `auto` locks every dtype. */
    dtype: z.enum(['auto', ...DTYPES]),
    files: z.record(z.string().refine(isSafeName), LockedFile),
    serving: LockedForm.optional(),
  })
  .refine((model) => isFolder(model.source) || model.commit !== undefined, 'a hub source needs its commit')
export type LockedModel = z.infer<typeof LockedModel>

/** The exact bytes of each model of a manifest. Written by models:pull, kept in version control. */
export const Lock = z.strictObject({ version: z.literal(1), models: z.record(z.string(), LockedModel) })
export type Lock = z.infer<typeof Lock>

/**
 * Where a manifest's lock lies: beside it, so that `inference-host/models.json` has `inference-host/models.lock.json`.
 */
export function lockFileOf(manifestFile: string): string {
  return manifestFile.replace(/(\.json)?$/, '.lock.json')
}

/**
 * Reads the lock beside a manifest; one that does not exist locks nothing.
 * @throws ModelError `lock_invalid`, naming the file and the path of the bad field.
 */
export async function readLock(manifestFile: string): Promise<Lock> {
  const file = lockFileOf(manifestFile)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return { version: 1, models: {} }
    throw new ModelError('lock_invalid', `${file}: cannot be read (${codeOf(cause)})`, cause)
  }
  return parseJsonFile(file, text, Lock, 'lock_invalid')
}

/** Writes the lock beside a manifest, whole or not at all, models and files in the order of their names. */
export async function writeLock(manifestFile: string, lock: Lock): Promise<void> {
  const file = lockFileOf(manifestFile)
  const sorted = <V>(record: Record<string, V>) =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
  const models = Object.entries(lock.models).map(([id, model]) => [
    id,
    { ...model, files: sorted(model.files) },
  ])
  const text = JSON.stringify({ version: lock.version, models: sorted(Object.fromEntries(models)) }, null, 2)
  await writeFile(`${file}.new`, `${text}\n`)
  await rename(`${file}.new`, file)
}

type Places = {
  manifestFile: string
  /** Where models of the hub lie. */
  modelsDir: string
}

/** Where the files of a locked model lie: its own folder, or `<modelsDir>/<owner>/<name>/<commit>/<dtype>`. */
export function folderOf(locked: Pick<LockedModel, 'source' | 'commit' | 'dtype'>, places: Places): string {
  if (isFolder(locked.source)) return sourceFolder(locked.source, places.manifestFile)
  return path.resolve(places.modelsDir, locked.source, locked.commit ?? '', locked.dtype)
}

/** Folders of a model in which loading looks for files. */
const INNER_FOLDERS = ['onnx', '1_Pooling']

/** Names of the files in `folder` and in its inner folders, which is all that loading ever looks at. */
export async function listFiles(folder: string): Promise<string[]> {
  const inner = await Promise.all(
    INNER_FOLDERS.map(async (name) => {
      const files = await readdir(path.join(folder, name)).catch(() => [])
      return files.map((file) => `${name}/${file}`)
    }),
  )
  return [...(await readdir(folder)), ...inner.flat()]
}

/**
 * Proves that a model is the locked one, by reading every byte of it. Each locked file must have its SHA-256, and no
 * other file may lie there that loading the model would take.
 * @returns The absolute folder to load from, with the entry's own dtype (`auto`: any that is there), and what is
 * locked.
 * @throws ModelError `model_not_locked` (not in the lock, or the manifest's entry changed since),
 * `model_not_found` (no such folder), `model_file_missing`, `model_file_changed`, `model_file_unlocked`,
 * `lock_invalid`.
 */
export async function verifyModel(
  entry: ModelEntry,
  places: Places,
): Promise<{ folder: string; locked: LockedModel }> {
  const locked = lockedEntry(await readLock(places.manifestFile), entry, places.manifestFile)
  const folder = folderOf(locked, places)
  const names = await listFiles(folder).catch((cause) => {
    throw new ModelError('model_not_found', `${entry.id}: no folder ${folder} (${codeOf(cause)})`, cause)
  })
  for (const [name, expected] of Object.entries(locked.files))
    await verifyFile(entry.id, folder, name, expected)
  for (const name of loadedFiles(names, entry))
    if (!Object.hasOwn(locked.files, name))
      throw new ModelError(
        'model_file_unlocked',
        `${entry.id}: ${name} in ${folder} is not in the lock but would be loaded`,
      )
  return { folder, locked }
}

/** The files of a folder that loading this entry might open. With dtype `auto` they are those of any dtype. */
export function loadedFiles(names: readonly string[], entry: ModelEntry): string[] {
  const chosen = chooseFiles(names, entry, entry.id).files
  return entry.dtype === 'auto' ? names.filter(isLoadable).sort() : chosen
}

/**
 * What the lock says of a manifest's entry.
 * @throws ModelError `model_not_locked` where it says nothing, or of another source, revision or dtype.
 */
export function lockedEntry(lock: Lock, entry: ModelEntry, manifestFile: string): LockedModel {
  const locked = Object.hasOwn(lock.models, entry.id) ? lock.models[entry.id] : undefined
  if (locked === undefined || !locksEntry(locked, entry))
    throw new ModelError(
      'model_not_locked',
      `${entry.id}: ${lockFileOf(manifestFile)} does not lock this entry of the manifest; run npm run models:pull`,
    )
  return locked
}

function locksEntry(locked: LockedModel, entry: ModelEntry): boolean {
  if (locked.source !== entry.source) return false
  if (isFolder(entry.source)) return locked.dtype === entry.dtype
  return locked.revision === entry.revision && (entry.dtype === 'auto' || entry.dtype === locked.dtype)
}

async function verifyFile(
  id: string,
  folder: string,
  name: string,
  expected: { sha256: string; bytes: number },
): Promise<void> {
  const found = await digestFile(path.join(folder, name)).catch((cause) => {
    throw new ModelError(
      'model_file_missing',
      `${id}: ${name} in ${folder} cannot be read (${codeOf(cause)})`,
      cause,
    )
  })
  if (found.sha256 !== expected.sha256)
    throw new ModelError(
      'model_file_changed',
      `${id}: ${name} in ${folder} is not what was locked ` +
        `(${found.bytes} bytes, sha256 ${found.sha256.slice(0, 12)}; locked ${expected.bytes}, ${expected.sha256.slice(0, 12)})`,
    )
}
