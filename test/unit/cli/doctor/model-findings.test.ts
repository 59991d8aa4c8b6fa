import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFindings } from '../../../../cli/doctor/model-findings.ts'
import { pull } from '../../../../inference-host/pull/pull.ts'
import type { Catalog } from '../../../../shared/catalog.ts'
import { catalog as all } from '../../../fixtures/catalog.ts'
import { ROOT } from '../../../fixtures/pages.ts'

const chat = all.models.filter(({ id }) => id === 'twohop-chat')
const catalog = (more: object = {}): Catalog => ({
  ...all,
  models: chat.map((model) => ({ ...model, ...more })),
})

let dir: string
let manifestFile: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-models-'))
  await cp(join(ROOT, 'models/twohop-chat'), join(dir, 'twohop-chat'), { recursive: true })
  manifestFile = join(dir, 'models.json')
  const models = [{ id: 'twohop-chat', source: './twohop-chat', task: 'text-generation' }]
  await writeFile(manifestFile, JSON.stringify({ models }))
  await pull(manifestFile, { modelsDir: dir })
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))
const sick = async (of: Catalog) =>
  (await modelFindings({ manifestFile, modelsDir: dir, catalog: of })).filter(({ ok }) => !ok)

describe('models', () => {
  it('are well where every byte is locked and the catalog is as they are', async () => {
    const findings = await modelFindings({ manifestFile, modelsDir: dir, catalog: catalog() })
    expect(findings.map(({ check, ok }) => [check, ok])).toEqual([
      ['files of twohop-chat', true],
      ['catalog of twohop-chat', true],
    ])
  })

  it.each([
    [{ context: 4096 }, /longer prompts/],
    [{ context: 1024 }, /prompts that would fit/],
    [{ overhead: { request: 0, item: 0 } }, /template/],
  ])('are ill where the catalog says %j', async (more, detail) => {
    expect(await sick(catalog(more))).toMatchObject([
      {
        check: 'catalog of twohop-chat',
        detail: expect.stringMatching(detail),
        mend: [expect.stringContaining('2048')],
      },
    ])
  })

  it('are ill where the catalog has one that the host has not', async () => {
    expect((await sick(all)).map(({ check }) => check)).toEqual([
      'catalog of twohop-embed',
      'catalog of twohop-classify',
    ])
  })

  it('are ill where a byte has changed, or there is no manifest', async () => {
    await appendFile(join(dir, 'twohop-chat/config.json'), ' ')
    expect(await sick(catalog())).toMatchObject([
      { check: 'files of twohop-chat', mend: [expect.stringContaining('npm run models:pull')] },
    ])
    const gone = await modelFindings({
      manifestFile: join(dir, 'gone.json'),
      modelsDir: dir,
      catalog: catalog(),
    })
    expect(gone).toMatchObject([{ check: 'models', ok: false }])
  })
})
