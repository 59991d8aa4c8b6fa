import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { catalogEntry } from '../../../inference-host/pull/catalog-entry.ts'
import { readManifest, sourceFolder } from '../../../inference-host/weights/manifest.ts'
import { catalog } from '../../fixtures/catalog.ts'
import { REPOSITORY } from '../../fixtures/models.ts'

const manifestFile = path.join(REPOSITORY, 'inference-host/models.json')
const { models: entries } = await readManifest(manifestFile)
const { models } = catalog

// The edge reserves by the catalog and the host refuses by the model: were the catalog short, honest requests would fail.
describe('the catalog covers what the shipped models measure', () => {
  test.each(entries)('$id', async (entry) => {
    const { catalog: measured, warning } = await catalogEntry(entry, sourceFolder(entry.source, manifestFile))
    const model = models.find(({ id }) => id === entry.id)
    expect(model?.tasks).toEqual(measured.tasks)
    expect(model?.overhead.request).toBeGreaterThanOrEqual(measured.overhead.request)
    expect(model?.overhead.item).toBeGreaterThanOrEqual(measured.overhead.item)
    expect(model?.context).toBe(measured.context)
    expect(warning).toBeUndefined()
  })
})
