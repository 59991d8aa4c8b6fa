import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogEntry } from '../../inference-host/pull/catalog-entry.ts'
import { ModelEntry } from '../../inference-host/weights/manifest.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { writeTinyEncoder } from '../fixtures/graphs/tiny-encoder.ts'
import { writeTinySeq2seq } from '../fixtures/graphs/tiny-seq2seq-folder.ts'
import { serve } from '../fixtures/host/serving.ts'

/** The hub's tasks that no embedded model has, with the labels of a model that reads. */
const READING = {
  'token-classification': ['O', 'B-PER', 'I-PER'],
  'zero-shot-classification': ['contradiction', 'entailment'],
  'fill-mask': [],
  'question-answering': [],
} as const
const WRITING = ['summarization', 'translation'] as const
const READS = Object.keys(READING) as (keyof typeof READING)[]

/**
 * A host with one tiny model for each of these tasks, of random weights, and the catalog for an edge before it.
 * @param privateKey with which that edge signs, a JWK
 */
export async function startTinyHost(privateKey: string, catalog: Catalog) {
  const folder = await mkdtemp(join(tmpdir(), 'tiny-host-'))
  const entries = [...READS, ...WRITING].map((task) =>
    ModelEntry.parse({ id: `tiny-${task}`, source: join(folder, task), task }),
  )
  for (const task of READS) await writeTinyEncoder(join(folder, task), task, { labels: READING[task] })
  for (const task of WRITING) await writeTinySeq2seq(join(folder, task), { family: 'bart' })
  const { d: _, ...publicKey } = parseJson(privateKey) as Record<string, unknown>
  const serving = await serve(
    entries.map(({ id, source, task }) => ({ id, source, task })),
    { SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify({ keys: [publicKey] }) },
  )
  const models = await Promise.all(
    entries.map(async (entry) => ({
      ...(await catalogEntry(entry, entry.source)).catalog,
      prices: { prompt: 1, output: 4, compute_second: 0 },
    })),
  )
  // Guards may name a model that is not here.
  const plans = catalog.plans.map(({ guards: _guards, ...plan }) => ({
    ...plan,
    models: models.map(({ id }) => id),
  }))
  return {
    url: serving.host.url,
    catalog: { ...catalog, models, plans },
    async stop() {
      await serving.stop()
      await rm(folder, { recursive: true, maxRetries: 10 })
    },
  }
}
