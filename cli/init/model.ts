import { existsSync } from 'node:fs'
import { basename, relative, resolve, sep } from 'node:path'
import { ModelError } from '../../inference-host/weights/error.ts'
import { HUB_ID, ModelEntry } from '../../inference-host/weights/manifest.ts'
import { HERE } from '../../local/here.ts'
import { HUB_TASKS, isMediaTask, type Model, type Task } from '../../shared/catalog.ts'
import { CliError } from '../context.ts'

/** What stands for the three small models that come along. */
export const EMBEDDED = 'embedded'

/** What a model does, in the words of this command. */
export const KINDS = ['chat', 'embeddings', 'text-ranking', ...HUB_TASKS] as const
export type Kind = (typeof KINDS)[number]

/** A model of one's own: for the host's manifest, and for the edge's catalog without its prices. */
export type OwnModel = {
  entry: { id: string; source: string; task: string; context?: number }
  catalog: Omit<Model, 'prices'>
  /** Whether the catalog's numbers are the model's own; of a model on a hub they are guessed until it is pulled. */
  measured: boolean
}

type Asked = {
  source: string
  id?: string | undefined
  kind: Kind
  /** Tokens of prompt and output together; needed for a model on a hub. */
  context?: number | undefined
  /** Folder of the manifest, to which a folder is relative. */
  manifestFolder: string
}

/** Tokens of a template that nobody has measured yet: more than those of the usual ones. */
const GUESSED = { request: 64, item: 16 }
/** Tokens of an image, likewise: of 512 by 512 pixels. */
const GUESSED_IMAGE = 1024

/**
 * A model of one's own. A folder's numbers are read from its files.
 * @throws CliError `usage` where the source is neither, or a context is missing; `bad_model` where a folder holds none
 */
export async function ownModel({ source, id, kind, context, manifestFolder }: Asked): Promise<OwnModel> {
  const folder = resolve(HERE, source)
  const isFolder = isModelFolder(knownSource(source))
  const task = kind === 'chat' ? 'text-generation' : kind === 'embeddings' ? 'feature-extraction' : kind
  const parsed = ModelEntry.safeParse({
    id: id ?? (isFolder ? basename(folder) : source),
    source: isFolder ? fromManifest(manifestFolder, folder) : source,
    task,
    ...(context !== undefined && { context }),
  })
  if (!parsed.success) throw noSource(source)
  const entry = {
    id: parsed.data.id,
    source: parsed.data.source,
    task,
    ...(context !== undefined && { context }),
  }
  if (isFolder) {
    try {
      // It brings the model library along, which takes a second to load.
      const { catalogEntry } = await import('../../inference-host/pull/catalog-entry.ts')
      const { catalog } = await catalogEntry(parsed.data, folder)
      return { entry, catalog, measured: true }
    } catch (error) {
      if (error instanceof ModelError) throw new CliError('bad_model', error.message, { cause: error })
      throw new CliError('bad_model', `${source}: its files cannot be read as those of a model.`, {
        cause: error,
      })
    }
  }
  if (context === undefined)
    throw new CliError(
      'usage',
      '--context says how many tokens a model of a hub holds; its card has the number.',
    )
  return {
    entry,
    catalog: { id: entry.id, tasks: tasksOf(kind), context, ...guessed(kind) },
    measured: false,
  }
}

function guessed(kind: Kind): Pick<Model, 'overhead' | 'image_tokens'> {
  if (!isMediaTask(kind)) return { overhead: GUESSED }
  const overhead = { request: 0, item: 0 }
  return kind === 'automatic-speech-recognition' ? { overhead } : { overhead, image_tokens: GUESSED_IMAGE }
}

/** A source that there is, or may be on a hub. @throws CliError usage */
export function knownSource(source: string): string {
  if (source === EMBEDDED || isModelFolder(source) || HUB_ID.test(source)) return source
  throw noSource(source)
}

const noSource = (source: string) =>
  new CliError(
    'usage',
    `--model ${source}: there is no such folder with a config.json in it, and it is no hub id (owner/name).`,
  )

/** Whether a source is a folder with a model in it, seen from where the command was typed. */
export function isModelFolder(source: string): boolean {
  return existsSync(resolve(HERE, source, 'config.json'))
}

/** A folder as a manifest names it: relative, so that an image can be built of it too. */
function fromManifest(manifestFolder: string, folder: string): string {
  const path = relative(manifestFolder, folder).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}

function tasksOf(kind: Kind): Task[] {
  if (kind === 'chat' || kind === 'text-generation') return ['chat', 'completion', 'text-generation']
  if (kind === 'embeddings' || kind === 'feature-extraction') return ['embedding', 'feature-extraction']
  return [kind]
}
