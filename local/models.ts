import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { SEEING } from '../inference-host/device/port.ts'
import { type Progress, pull } from '../inference-host/pull/pull.ts'
import { hubIn } from '../inference-host/pull/variables.ts'
import { isFolder, type ModelEntry, readManifest } from '../inference-host/weights/manifest.ts'
import { HERE } from './here.ts'

const EMBEDDED = fileURLToPath(new URL('../inference-host/models.json', import.meta.url))

/**
 * The models for this machine: the embedded ones. Each of `sources` replaces the embedded model of its task.
 * @param sources hub ids, or folders relative to the user's working directory
 * @throws Error with one clear line when a source is not there
 */
export async function chosenModels(sources: readonly string[]): Promise<ModelEntry[]> {
  const { models } = await readManifest(EMBEDDED)
  const entries = new Map(models.map((model) => [model.task, absolute(model)]))
  for (const source of sources) {
    const entry = await entryOf(source)
    entries.set(entry.task, entry)
  }
  return [...entries.values()]
}

/**
 * The manifest for this machine: the embedded models as committed, or those that are chosen. Hub models are downloaded and locked.
 * @param sources as `chosenModels` takes them
 * @param signal ends the download
 * @returns path of the manifest, with its lock beside it
 * @throws Error with one clear line when a source is not there or cannot be downloaded
 */
export async function localManifest(
  dir: string,
  sources: readonly string[],
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  if (sources.length === 0) return EMBEDDED
  const models = await chosenModels(sources)
  const manifest = join(dir, 'models.json')
  await mkdir(dir, { recursive: true })
  await writeFile(manifest, JSON.stringify({ models }, null, 2))
  await pull(manifest, {
    modelsDir: join(dir, 'models'),
    ...hubIn(process.env),
    onProgress: progressLines(say),
    ...(signal && { signal }),
  })
  return manifest
}

function absolute(model: ModelEntry): ModelEntry {
  return isFolder(model.source) ? { ...model, source: resolve(dirname(EMBEDDED), model.source) } : model
}

async function entryOf(source: string): Promise<ModelEntry> {
  const folder = resolve(HERE, source)
  const config = join(folder, 'config.json')
  if (existsSync(config)) return modelEntry(basename(folder), folder, await taskOf(config))
  if (/^[\w.-]+\/[\w.-]+$/.test(source) && !isFolder(source))
    return modelEntry(source, source, 'text-generation')
  throw new Error(
    `--model ${source}: there is no such folder with a config.json in it, and it is no hub id (owner/name).`,
  )
}

function modelEntry(id: string, source: string, task: ModelEntry['task']): ModelEntry {
  return { id, source, revision: 'main', task, dtype: 'auto', device: 'auto' }
}

const Config = z.object({ architectures: z.array(z.string()).default([]) })

/** The task of a model, by the name of its architecture (`BertForSequenceClassification`) in its config. */
async function taskOf(config: string): Promise<ModelEntry['task']> {
  const [architecture = ''] = Config.parse(JSON.parse(await readFile(config, 'utf8'))).architectures
  if (architecture.endsWith('ForCausalLM')) return 'text-generation'
  if (architecture.endsWith('ForSequenceClassification')) return 'text-classification'
  if (architecture.endsWith('ForTokenClassification')) return 'token-classification'
  if (architecture.endsWith('ForQuestionAnswering')) return 'question-answering'
  if (architecture.endsWith('ForMaskedLM')) return 'fill-mask'
  if (architecture === 'WhisperForConditionalGeneration') return 'automatic-speech-recognition'
  if (architecture.endsWith('ForImageClassification')) return 'image-classification'
  if (architecture === 'VisionEncoderDecoderModel') return 'image-to-text'
  if (/^(?:Idefics3|SmolVLM|Qwen.*VL)ForConditionalGeneration$/.test(architecture)) return SEEING
  if (architecture.endsWith('ForConditionalGeneration')) return 'summarization'
  return 'feature-extraction'
}

/** Prints one line for each tenth of a file: readable in a terminal and in a log. */
function progressLines(say: (line: string) => void): (progress: Progress) => void {
  const tenths = new Map<string, number>()
  return ({ model, file, received, bytes }) => {
    const tenth = Math.floor((received / Math.max(1, bytes)) * 10)
    const key = `${model}/${file}`
    if (bytes < 1_000_000 || tenth === tenths.get(key)) return
    tenths.set(key, tenth)
    say(`${key} ${tenth * 10} % of ${Math.round(bytes / 1_000_000)} MB`)
  }
}
