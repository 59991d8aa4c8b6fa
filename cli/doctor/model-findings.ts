import type { catalogEntry as readEntry } from '../../inference-host/pull/catalog-entry.ts'
import { ModelError } from '../../inference-host/weights/error.ts'
import { verifyModel } from '../../inference-host/weights/lock.ts'
import { type ModelEntry, readManifest } from '../../inference-host/weights/manifest.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { type Finding, fine, ill, warning } from './finding.ts'

type Asked = { manifestFile: string; modelsDir: string; catalog: Catalog }

/** Whether the host's models are the locked ones, and the edge's catalog knows them as they are. */
export async function modelFindings({ manifestFile, modelsDir, catalog }: Asked): Promise<Finding[]> {
  const pull = `npm run models:pull -- --manifest ${manifestFile}`
  try {
    const { models } = await readManifest(manifestFile)
    const findings: Finding[] = []
    for (const entry of models)
      findings.push(...(await findingsOf(entry, { manifestFile, modelsDir, catalog, pull })))
    const served = new Set(models.map(({ id }) => id))
    for (const { id } of catalog.models)
      if (!served.has(id))
        findings.push(
          ill(
            `catalog of ${id}`,
            `the manifest has no such model, so the host answers model_not_found: take it out of the catalog, or put it into ${manifestFile}`,
          ),
        )
    return findings
  } catch (error) {
    if (error instanceof ModelError) return [ill('models', error.message, pull)]
    throw error
  }
}

async function findingsOf(
  entry: ModelEntry,
  { catalog, pull, ...places }: Asked & { pull: string },
): Promise<Finding[]> {
  try {
    const { folder } = await verifyModel(entry, places)
    // It brings the model library along, which takes a second to load.
    const { catalogEntry } = await import('../../inference-host/pull/catalog-entry.ts')
    const { catalog: own } = await catalogEntry(entry, folder)
    return [fine(`files of ${entry.id}`, 'are the locked ones'), catalogFinding(catalog, own)]
  } catch (error) {
    if (error instanceof ModelError)
      return [ill(`files of ${entry.id}`, `${error.message}: the host does not load it`, pull)]
    throw error
  }
}

function catalogFinding({ models }: Catalog, own: Awaited<ReturnType<typeof readEntry>>['catalog']): Finding {
  const check = `catalog of ${own.id}`
  const listed = models.find(({ id }) => id === own.id)
  if (listed === undefined) return warning(check, 'has no such model, so nobody can ask for it')
  const mend = `"context": ${own.context}, "overhead": ${JSON.stringify(own.overhead)}   # of ${own.id}, in the catalog`
  if (listed.context !== own.context)
    return ill(
      check,
      `says a context of ${listed.context}, and the model's own is ${own.context}: ${listed.context > own.context ? 'longer prompts are let in and then refused by the host' : 'prompts that would fit are refused'}`,
      mend,
    )
  const { request, item } = own.overhead
  if (listed.overhead.request < request || listed.overhead.item < item)
    return ill(
      check,
      'counts too few tokens for the template, so prompts can be longer than what is held (prompt_exceeds_reservation)',
      mend,
    )
  return fine(check, 'is as the model is')
}
