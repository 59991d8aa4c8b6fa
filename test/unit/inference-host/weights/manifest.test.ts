import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readManifest } from '../../../../inference-host/weights/manifest.ts'
import { freshFolder, writeFiles } from '../../../fixtures/weights/folder.ts'

const entry = { id: 'chat', source: 'owner/name', task: 'text-generation' }

async function read(content: unknown) {
  const folder = await freshFolder()
  await writeFiles(folder, {
    'models.json': typeof content === 'string' ? content : JSON.stringify(content),
  })
  return readManifest(path.join(folder, 'models.json'))
}

describe('readManifest', () => {
  test('fills in what an entry leaves out', async () => {
    expect(await read({ models: [entry] })).toEqual({
      models: [{ ...entry, revision: 'main', dtype: 'auto', device: 'auto' }],
    })
  })

  test.each([
    './models/chat',
    '../models/chat',
    '/srv/models/chat',
    'owner/name',
    'HuggingFaceTB/SmolLM2-135M-Instruct',
  ])('takes %s as a source', async (source) => {
    expect((await read({ models: [{ ...entry, source }] })).models[0]?.source).toBe(source)
  })

  test.each([
    [{ models: [{ ...entry, source: 'name' }] }, 'models[0].source'],
    [{ models: [{ ...entry, source: 'owner/../../etc' }] }, 'models[0].source'],
    [{ models: [{ ...entry, source: 'https://host/owner/name' }] }, 'models[0].source'],
    [{ models: [{ ...entry, revision: '../main' }] }, 'models[0].revision'],
    [{ models: [{ ...entry, revision: 'main?x=1' }] }, 'models[0].revision'],
    [{ models: [entry, { ...entry, id: 'other', task: 'chat' }] }, 'models[1].task'],
    [{ models: [{ ...entry, dtype: 'q3' }] }, 'models[0].dtype'],
    [{ models: [{ ...entry, device: 'tpu' }] }, 'models[0].device'],
    [{ models: [{ ...entry, context: 0 }] }, 'models[0].context'],
    [{ models: [{ ...entry, contxt: 512 }] }, 'models[0]: has a field that is not known here'],
    [{ models: [entry, entry] }, 'models[1].id'],
    [{ models: [] }, 'models'],
    ['{', 'is not JSON'],
  ])('refuses %j and names the field', async (content, named) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'manifest_invalid',
      message: expect.stringContaining(named),
    })
  })

  test('names a file that is not there', async () => {
    const file = path.join(await freshFolder(), 'none.json')
    await expect(readManifest(file)).rejects.toMatchObject({
      code: 'manifest_invalid',
      message: `${file}: cannot be read (ENOENT)`,
    })
  })
})
