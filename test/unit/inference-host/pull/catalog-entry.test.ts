import { describe, expect, test } from 'vitest'
import { catalogEntry } from '../../../../inference-host/pull/catalog-entry.ts'
import { ModelEntry } from '../../../../inference-host/weights/manifest.ts'
import shipped from '../../../../shared/catalog.json' with { type: 'json' }
import { embeddedModel } from '../../../fixtures/models.ts'
import { freshFolder, writeFiles } from '../../../fixtures/weights/folder.ts'
import { tinyModel } from '../../../fixtures/weights/tiny-model.ts'

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

/** The entry of the tiny model, with other files and another entry in the manifest. */
async function entryOf(files: Record<string, Uint8Array> = {}, changes: Partial<ModelEntry> = {}) {
  const folder = await freshFolder()
  await writeFiles(folder, { ...tinyModel(10), ...files })
  const entry = ModelEntry.parse({ id: 'tiny', source: folder, task: 'feature-extraction', ...changes })
  return catalogEntry(entry, folder)
}

describe('the context is', () => {
  test.each([
    ['the shorter of what the model and its tokenizer hold', {}, {}, 32],
    ['the one of its entry, where that is shorter', {}, { context: 20 }, 20],
    ['no longer than its own, whatever the entry says', {}, { context: 99 }, 32],
    [
      'the one that GPT-2 calls n_positions',
      { 'config.json': json({ model_type: 'gpt2', n_positions: 8 }) },
      {},
      8,
    ],
  ])('%s', async (_, files, changes, context) => {
    expect((await entryOf(files, changes)).catalog.context).toBe(context)
  })

  test.each([
    ['what the caches of a default host hold of it, for a model that writes', {}, 8192],
    ['the one of its entry, whatever they hold', { context: 32_768 }, 32_768],
    ['all of it, for a model that has no caches', { task: 'feature-extraction' as const }, 131_072],
  ])('%s', async (_, changes, context) => {
    const files = {
      'config.json': json({
        model_type: 'llama',
        max_position_embeddings: 131_072,
        hidden_size: 2048,
        num_hidden_layers: 16,
        num_attention_heads: 32,
        num_key_value_heads: 8,
      }),
      'tokenizer_config.json': json({ tokenizer_class: 'BertTokenizer', model_max_length: 131_072 }),
    }
    expect((await entryOf(files, { task: 'text-generation', ...changes })).catalog.context).toBe(context)
  })

  test('asked for where no file names one', async () => {
    const files = {
      'config.json': json({ model_type: 'bert' }),
      'tokenizer_config.json': json({ tokenizer_class: 'BertTokenizer', model_max_length: 1e30 }),
    }
    await expect(entryOf(files)).rejects.toMatchObject({
      code: 'manifest_invalid',
      message: 'tiny: its files name no context length; give "context"',
    })
  })
})

describe('the width is', () => {
  test.each([
    [
      'BERT’s and most others’',
      { 'config.json': json({ max_position_embeddings: 32, hidden_size: 16 }) },
      16,
    ],
    [
      'DistilBERT’s',
      { 'config.json': json({ model_type: 'distilbert', max_position_embeddings: 32, dim: 8 }) },
      8,
    ],
    ['GPT-2’s', { 'config.json': json({ model_type: 'gpt2', n_positions: 32, n_embd: 12 }) }, 12],
    ['T5’s', { 'config.json': json({ model_type: 't5', n_positions: 32, d_model: 24 }) }, 24],
    [
      'not said where no file says it',
      { 'config.json': json({ n_positions: 32, hidden_size: [8, 16] }) },
      undefined,
    ],
  ])('%s', async (_, files, width) => {
    expect((await entryOf(files)).catalog.width).toBe(width)
  })

  test('that of the catalog, for the model that comes along', async () => {
    const { folder } = embeddedModel('twohop-embed')
    const entry = ModelEntry.parse({ id: 'twohop-embed', source: folder, task: 'feature-extraction' })
    const { catalog } = await catalogEntry(entry, folder)
    const listed = shipped.models.find(({ id }) => id === 'twohop-embed')
    expect({ ...catalog, prices: listed?.prices }).toEqual(listed)
  })

  test('of embeddings alone', async () => {
    expect((await entryOf({}, { task: 'text-classification' })).catalog).not.toHaveProperty('width')
  })
})

describe('the tasks are', () => {
  test.each([
    ['feature-extraction', ['embedding', 'feature-extraction']],
    ['text-classification', ['text-classification']],
    ['summarization', ['summarization']],
    // The tiny model has no chat template.
    ['text-generation', ['completion', 'text-generation']],
  ] as const)('for %s', async (task, tasks) => {
    expect((await entryOf({}, { task })).catalog.tasks).toEqual(tasks)
  })

  test('chat too, for a model with a template', async () => {
    const { folder } = embeddedModel('twohop-chat')
    const entry = ModelEntry.parse({ id: 'chat', source: folder, task: 'text-generation' })
    const { catalog, warning } = await catalogEntry(entry, folder)
    expect(catalog).toMatchObject({
      id: 'chat',
      tasks: ['chat', 'completion', 'text-generation'],
      context: 2048,
    })
    expect(catalog.overhead.item).toBeGreaterThan(0)
    expect(warning).toBeUndefined()
  })
})
