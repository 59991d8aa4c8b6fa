import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { fieldPath } from '../../shared/field-path.ts'
import { plainWords } from '../../shared/plain-words.ts'
import { DEVICES, DTYPES, MODEL_TASKS } from '../device/port.ts'
import { errorCode } from '../platform/error-code.ts'
import { ModelError } from './error.ts'

const FOLDER = /^(\.{0,2}\/|\.{1,2}$)/
/** A repository of a hub: `owner/name`. */
export const HUB_ID = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/

/** Whether a source names a folder (`./x`, `../x`, `/x`) rather than a hub repository (`owner/name`). */
export function isFolder(source: string): boolean {
  return FOLDER.test(source)
}

export const ModelEntry = z.strictObject({
  /** The clients' name for the model. The catalog at the edge uses the same id. */
  id: z.string().min(1).max(200),
  /** A hub id `owner/name`, or a folder laid out like one. A relative folder is relative to the manifest. */
  source: z
    .string()
    .refine(
      (source) => isFolder(source) || HUB_ID.test(source),
      'must be a hub id such as owner/name, or a folder that begins with ./, ../ or /',
    ),
  /** Branch, tag or commit of a hub repository. */
  revision: z
    .string()
    .max(200)
    .regex(REVISION, 'must be a branch, a tag or a commit')
    .refine((revision) => !revision.includes('..'), 'must not contain ..')
    .default('main'),
  task: z.enum(MODEL_TASKS),
  /** `auto` takes the best of the files that are there; inference-host/device/dtype.ts has the order. */
  dtype: z.enum(['auto', ...DTYPES]).default('auto'),
  device: z.enum(['auto', ...DEVICES]).default('auto'),
  /** Where it is loaded when its device is lost, or does not take it. */
  fallback: z.literal('cpu').optional(),
  /** When it is loaded. Without it, the model is loaded at the start while there is room, else at its first request. */
  load: z.enum(['start', 'demand']).optional(),
  /** Texts, such as a system prompt. All accounts may share their computed beginnings, so they must hold no secret. */
  public_prefixes: z.array(z.string().min(1).max(100_000)).max(16).optional(),
  /** The most tokens of prompt and output together; without it what the model's own files say. */
  context: z.int().min(1).max(10_000_000).optional(),
})
export type ModelEntry = z.infer<typeof ModelEntry>

/** The models of one host, as the operator writes them. Unknown keys are refused. */
export const Manifest = z
  .strictObject({ models: z.array(ModelEntry).min(1).max(64) })
  .superRefine(({ models }, context) => {
    for (const [i, { id }] of models.entries())
      if (models.findIndex((other) => other.id === id) < i)
        context.addIssue({ code: 'custom', path: ['models', i, 'id'], message: `${id} is there twice` })
  })
export type Manifest = z.infer<typeof Manifest>

/**
 * Reads and checks a manifest.
 * @param called what a complaint calls the file
 * @throws ModelError `manifest_invalid`, naming the file and the path of the first bad field.
 */
export async function readManifest(file: string, called = file): Promise<Manifest> {
  return parseJsonFile(called, await readText(file, called), Manifest, 'manifest_invalid')
}

async function readText(file: string, called: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ModelError('manifest_invalid', `${called}: cannot be read (${codeOf(cause)})`, cause)
  }
}

/**
 * Parses the text of a JSON file against a schema.
 * @throws ModelError with `code`, naming the file and the path of the first bad field such as `models[0].task`.
 */
export function parseJsonFile<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  code: 'manifest_invalid' | 'lock_invalid',
): z.output<S> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ModelError(code, `${file}: is not JSON`, cause)
  }
  const parsed = schema.safeParse(json, { error: plainWords })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ModelError(
    code,
    `${file}: ${fieldPath(issue?.path ?? []) || 'the file'}: ${issue?.message ?? 'invalid'}`,
  )
}

/** The system's name for a failed call, such as ENOENT. */
export function codeOf(thrown: unknown): string {
  return errorCode(thrown) ?? 'unknown error'
}

/** The absolute folder of a folder source. */
export function sourceFolder(source: string, manifestFile: string): string {
  return path.resolve(path.dirname(manifestFile), source)
}
