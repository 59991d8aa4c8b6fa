import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readGenerationDefaults } from '../../../../inference-host/device/generation-defaults.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'generation-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

async function read(text: string) {
  await writeFile(path.join(folder, 'generation_config.json'), text)
  return readGenerationDefaults(folder)
}

it('gives all that the file says, also what only transformers.js follows', async () => {
  const said = {
    do_sample: false,
    top_k: null,
    eos_token_id: [2, 7],
    num_beams: 4,
    lang_to_id: { '<|en|>': 1 },
  }
  expect(await read(JSON.stringify(said))).toEqual(said)
})

it('is empty where a model has none', async () => {
  expect(await readGenerationDefaults(path.join(folder, 'none'))).toEqual({})
})

it.each([
  ['{', 'its JSON'],
  ['[]', 'its JSON'],
  ['{"temperature":"hot"}', 'temperature'],
  ['{"eos_token_id":"</s>"}', 'eos_token_id'],
])('refuses %s by one line', async (text, named) => {
  await expect(read(text)).rejects.toThrow(`generation_config.json: ${named} is not what it should be`)
})
