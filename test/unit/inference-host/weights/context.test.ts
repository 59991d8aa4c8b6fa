import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { declaredContext } from '../../../../inference-host/weights/context.ts'

test.each([
  ['{"max_position_embeddings":2048,"n_positions":1024}', 2048],
  ['{"n_positions":1024}', 1024],
  ['{"max_position_embeddings":"2048"}', undefined],
  ['{"max_position_embeddings":0}', undefined],
  ['{}', undefined],
  ['{', undefined],
  [undefined, undefined],
])('%s', async (config, context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'context-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  if (config !== undefined) await writeFile(path.join(folder, 'config.json'), config)
  expect(await declaredContext(folder)).toBe(context)
})
