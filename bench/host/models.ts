import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { isFolder } from '../../inference-host/weights/manifest.ts'
import { HERE } from '../../local/here.ts'
import { BENCH_DIR } from '../kit.ts'
import { type MadeKind, madeAs, madeModel } from '../models/made.ts'

const MADE_DIR = join(BENCH_DIR, 'models')

/** A model to measure with. */
export type BenchModel = {
  id: string
  /** A folder laid out like a hub repository, or a hub id. */
  source: string
  /** The shape of a made model with random weights; undefined for a real model. */
  randomWeights: string | undefined
}

export type ModelUse = 'chat' | 'embedding' | 'seq2seq'

/** The models to measure with. One that the options do not name is made at its first use, with random weights. */
export type Models = {
  get(use: ModelUse): Promise<BenchModel>
  /** The models that were used so far. */
  used(): Promise<Partial<Record<ModelUse, BenchModel>>>
}

type Named = { chat: string | undefined; embedding: string | undefined }

/**
 * @param named folders relative to the user's working directory, or hub ids
 * @throws Error of one line where there is no such model
 */
export async function createModels(named: Named, progress: (line: string) => void): Promise<Models> {
  const found = new Map<ModelUse, Promise<BenchModel>>()
  const make = async (kind: MadeKind) => inFolder(await madeModel(kind, MADE_DIR, progress))
  for (const use of ['chat', 'embedding'] as const) {
    const source = named[use]
    if (source !== undefined) found.set(use, Promise.resolve(await real(source)))
  }
  return {
    get(use) {
      const model = found.get(use) ?? make(KINDS[use])
      found.set(use, model)
      return model
    },
    async used() {
      const all = [...found].map(async ([use, model]) => [use, await model] as const)
      return Object.fromEntries(await Promise.all(all))
    },
  }
}

const KINDS: Record<ModelUse, MadeKind> = { chat: 'decoder', embedding: 'encoder', seq2seq: 'seq2seq' }

async function real(source: string): Promise<BenchModel> {
  const folder = resolve(HERE, source)
  if (existsSync(join(folder, 'config.json'))) return inFolder(folder)
  if (/^[\w.-]+\/[\w.-]+$/.test(source) && !isFolder(source))
    return { id: basename(source), source, randomWeights: undefined }
  throw new Error(`${source} is no folder with a config.json in it, and no hub id (owner/name).`)
}

async function inFolder(folder: string): Promise<BenchModel> {
  return { id: basename(folder), source: folder, randomWeights: await madeAs(folder) }
}
