import '../../inference-host/platform/no-telemetry.ts'
import { availableParallelism } from 'node:os'
import { env, pipeline } from '@huggingface/transformers'
import { Hono } from 'hono'
import type { Dtype } from '../../inference-host/device/port.ts'
import { listen } from '../../shared/listen.ts'

// A short server on transformers.js, as a process. `POST /one-by-one` calls the pipeline for each text.
// `POST /as-it-comes` calls it with the whole list, which is padded to the longest text. Its arguments are the model's
// folder and dtype.
env.allowRemoteModels = false
process.once('disconnect', () => process.exit(0))

const [, , folder, dtype = 'auto'] = process.argv
const extract = await pipeline('feature-extraction', folder, {
  dtype: dtype as Dtype,
  device: 'cpu',
  local_files_only: true,
  session_options: { intraOpNumThreads: availableParallelism() },
})

async function vectors(texts: string[]): Promise<string[]> {
  const { data } = await extract(texts, { pooling: 'mean', normalize: true })
  const bytes = Buffer.from((data as Float32Array).buffer)
  const size = bytes.length / texts.length
  return texts.map((_, i) => bytes.subarray(i * size, (i + 1) * size).toString('base64'))
}

const list = (embeddings: string[]) => ({
  object: 'list',
  data: embeddings.map((embedding, index) => ({ object: 'embedding', index, embedding })),
})

const app = new Hono()
app.post('/one-by-one', async (context) => {
  const { input } = await context.req.json<{ input: string[] }>()
  const embeddings: string[] = []
  for (const text of input) embeddings.push(...(await vectors([text])))
  return context.json(list(embeddings))
})
app.post('/as-it-comes', async (context) => {
  const { input } = await context.req.json<{ input: string[] }>()
  return context.json(list(await vectors(input)))
})

const { url } = await listen(app.fetch, { bind: '127.0.0.1', port: 0, failed: console.error })
process.send?.({ type: 'ready', url })
