import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Serving, serve } from '../../fixtures/host/serving.ts'
import { embeddedModel } from '../../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')

let serving: Serving | undefined
let copy: string | undefined
afterEach(async () => {
  await serving?.stop()
  if (copy !== undefined) await rm(copy, { recursive: true, maxRetries: 10 })
  serving = copy = undefined
})

/** The line that says how the model is served, once it has answered a request. */
async function servedHow(source: string, variables: Record<string, string>): Promise<string | undefined> {
  serving = await serve([{ id: 'chat', source, task: 'text-generation' }], variables)
  const body = { model: 'chat', prompt: 'Once', max_tokens: 4, stream: false, stop: [] }
  expect((await serving.send('POST /v1/completions', body)).status).toBe(200)
  return serving.lines.find((line) => /^(one_at_a_time|batching) /.test(line))
}

test('a model whose generation config asks for what no batch follows is served all the same, and the log says why', async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'host-model-'))
  await cp(folder, copy, { recursive: true })
  const file = path.join(copy, 'generation_config.json')
  const config = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...config, no_repeat_ngram_size: 3 }))
  expect(await servedHow(copy, {})).toBe(
    'one_at_a_time model=chat why="its generation config asks for no_repeat_ngram_size"',
  )
})

test('caches too small for the least context: the log names the variable and its least value; with that the model holds less', async () => {
  const line = await servedHow(folder, { HOST_KV_MB: '1' })
  const [, least = '', context] =
    /^one_at_a_time model=chat why="HOST_KV_MB must be at least (\d+) for (\d+) tokens of context"/.exec(
      line ?? '',
    ) ?? []
  expect(Number(least)).toBeGreaterThan(1)
  await serving?.stop()
  expect(await servedHow(folder, { HOST_KV_MB: least })).toMatch(new RegExp(`^batching .*kv_mb=${least}\\b`))
  const capped = /^context_capped model=chat context=(\d+) of=2048 /.exec(
    serving?.lines.find((said) => said.startsWith('context_capped')) ?? '',
  )
  expect(Number(capped?.[1])).toBeGreaterThanOrEqual(Number(context))
  expect(Number(capped?.[1])).toBeLessThan(2048)
})
