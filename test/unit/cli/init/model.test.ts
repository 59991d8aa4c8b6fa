import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isModelFolder, ownModel } from '../../../../cli/init/model.ts'
import defaultCatalog from '../../../../shared/catalog.json' with { type: 'json' }
import { ROOT } from '../../../fixtures/pages.ts'

const manifestFolder = join(ROOT, 'inference-host')
const folder = join(ROOT, 'models/twohop-chat')

describe('a model of one’s own', () => {
  it('has its numbers from its files where it is a folder, named so that an image can be built', async () => {
    const { prices: _, ...own } = defaultCatalog.models[0] ?? { prices: undefined }
    expect(await ownModel({ source: folder, kind: 'chat', manifestFolder })).toEqual({
      entry: { id: 'twohop-chat', source: '../models/twohop-chat', task: 'text-generation' },
      catalog: own,
      measured: true,
    })
    const shorter = await ownModel({ source: folder, id: 'mine', kind: 'chat', context: 512, manifestFolder })
    expect(shorter).toMatchObject({
      entry: { id: 'mine', context: 512 },
      catalog: { id: 'mine', context: 512 },
    })
  })

  it.each([
    ['chat', 'text-generation', ['chat', 'completion', 'text-generation']],
    ['embeddings', 'feature-extraction', ['embedding', 'feature-extraction']],
    ['summarization', 'summarization', ['summarization']],
  ] as const)('of a hub, for %s, has guessed ones until it is pulled', async (kind, task, tasks) => {
    const model = await ownModel({ source: 'owner/name', kind, context: 4096, manifestFolder })
    expect(model).toMatchObject({
      entry: { id: 'owner/name', source: 'owner/name', task, context: 4096 },
      catalog: { id: 'owner/name', tasks, context: 4096 },
      measured: false,
    })
  })

  it.each([
    ['./gone', 'usage'],
    ['no hub id', 'usage'],
    ['owner/name', 'usage'],
  ])('is refused as %s', async (source, code) => {
    await expect(ownModel({ source, kind: 'chat', manifestFolder })).rejects.toMatchObject({ code })
  })

  it('is told from a hub id by what lies there', () => {
    expect(isModelFolder(folder)).toBe(true)
    expect(isModelFolder('owner/name')).toBe(false)
  })
})
