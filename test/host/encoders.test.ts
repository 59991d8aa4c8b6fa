import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { EmbeddingList } from '../../shared/openai/embeddings.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { describeEachModel, embeddedModel, realModel } from '../fixtures/models.ts'
import { slowly } from '../fixtures/pace.ts'
import { paceFile, paceOwn } from '../fixtures/pace-own.ts'
import { type Reference, referenceOf } from '../fixtures/reference.ts'

const MODELS = [
  { ...embeddedModel('twohop-embed'), context: 256, width: 256, together: 1e-9, many: 2000 },
  /** `together`: equal to the last bit, measured with this model's float activations. */
  { ...realModel('all-MiniLM-L6-v2'), context: 512, width: 384, together: 1e-9, many: 400 },
]
const EMBED = { claims: { scope: 'embed' } }
const FEATURES = { claims: { scope: 'tasks:feature-extraction' } }

/** A file by which a test slows the model down, so that it computes for longer than the test needs. */
const pace = paceFile()

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))

describeEachModel('embeddings with %s', MODELS, (model) => {
  let serving: Serving
  let reference: Reference

  beforeAll(async () => {
    reference = await referenceOf(model)
    paceOwn(pace)
    serving = await serve([{ id: 'encoder', source: model.folder, task: 'feature-extraction' }])
  })
  afterAll(async () => {
    await serving?.stop()
    vi.unstubAllEnvs()
  })

  async function embed(input: string[], encoding_format = 'float'): Promise<EmbeddingList> {
    const response = await serving.send(
      'POST /v1/embeddings',
      { model: 'encoder', input, encoding_format },
      EMBED,
    )
    return (await response.json()) as EmbeddingList
  }

  test('within cosine 0.995 of the reference, of length 1, in the order of the inputs', async () => {
    const { data } = await embed(reference.map(({ text }) => text))
    expect(data.map(({ index }) => index)).toEqual(reference.map((_, i) => i))
    for (const [i, { embedding }] of reference.entries()) {
      const ours = data[i]?.embedding as number[]
      expect(cosine(ours, embedding)).toBeGreaterThan(0.995)
      expect(dot(ours, ours)).toBeCloseTo(1, 5)
    }
  })

  test('a text has the same vector alone and among others', async () => {
    const [first, second] = reference.map(({ text }) => text)
    const together = await embed([first ?? '', second ?? '', 'short'])
    const alone = await embed([second ?? ''])
    expect(together.data[1]?.embedding).toEqual(alone.data[0]?.embedding)
  })

  test('short texts of several requests at once have the vectors that they have alone', async () => {
    const texts = reference.flatMap(({ text }) =>
      text.split(' ').map((_, i, words) => words.slice(0, i + 1).join(' ')),
    )
    const lists = [0, 1, 2, 3, 4, 5].map((i) => texts.filter((_, k) => k % 6 === i).slice(0, 8))
    const together = await Promise.all(lists.map((list) => embed(list)))
    for (const [i, list] of lists.entries())
      for (const [k, text] of list.entries()) {
        const [alone] = (await embed([text])).data
        const ours = together[i]?.data[k]?.embedding as number[]
        expect(1 - cosine(ours, alone?.embedding as number[])).toBeLessThan(model.together)
      }
  })

  test('base64 holds the very same float32 numbers', async () => {
    const [{ embedding: numbers } = { embedding: [] }] = (await embed(['hello'])).data
    const [{ embedding: text } = { embedding: '' }] = (await embed(['hello'], 'base64')).data
    const bytes = Buffer.from(text as string, 'base64')
    const floats = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4))
    expect(floats).toEqual(numbers)
    expect(floats).toHaveLength(model.width)
  })

  test('counts the start and end marks with each text', async () => {
    const { usage } = await embed(['hello', 'hello world'])
    expect(usage).toEqual({ prompt_tokens: 3 + 4, total_tokens: 3 + 4 })
  })

  test('a text beyond the model is refused by its place, never cut off', async () => {
    const body = {
      model: 'encoder',
      input: ['short', 'word '.repeat(model.context - 1)],
      encoding_format: 'float',
    }
    const response = await serving.send('POST /v1/embeddings', body, EMBED)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'context_length_exceeded', param: 'input[1]' },
    })
    expect((await embed(['word '.repeat(model.context - 2)])).usage.prompt_tokens).toBe(model.context)
  })

  test('all texts together must fit the reservation', async () => {
    const body = { model: 'encoder', input: ['hello', 'hello world'], encoding_format: 'float' }
    const claims = { scope: 'embed', reserved: { prompt_tokens: 6, output_tokens: 0 } }
    const response = await serving.send('POST /v1/embeddings', body, { claims })
    expect(await response.json()).toMatchObject({ error: { code: 'prompt_exceeds_reservation' } })
  })

  test('feature-extraction: one vector for one input, normalized or not', async () => {
    const task = async (parameters: object, single = true) => {
      const body = { model: 'encoder', inputs: ['hello'], single, max_tokens: 0, parameters }
      const response = await serving.send('POST /v1/tasks/feature-extraction', body, FEATURES)
      return { vector: await response.json(), usage: response.headers.get('x-usage') }
    }
    const [normal, raw, list] = [await task({}), await task({ normalize: false }), await task({}, false)]
    const vector = normal.vector as number[]
    expect(dot(vector, vector)).toBeCloseTo(1, 5)
    expect(cosine(vector, raw.vector as number[])).toBeCloseTo(1, 5)
    expect(Math.abs(dot(raw.vector as number[], raw.vector as number[]) - 1)).toBeGreaterThan(0.01)
    expect(list.vector).toEqual([vector])
    expect(JSON.parse(normal.usage ?? '')).toEqual({
      prompt_tokens: 3,
      completion_tokens: 0,
      total_tokens: 3,
    })
  })

  test('cancelled between texts, it has used those that were begun', async () => {
    const body = {
      model: 'encoder',
      input: new Array(model.many).fill('word '.repeat(60)),
      encoding_format: 'float',
    }
    const jti = crypto.randomUUID()
    const claims = {
      scope: 'embed',
      jti,
      reserved: { prompt_tokens: 62 * model.many, output_tokens: 0 },
    }
    let usage = { prompt_tokens: 0 }
    await slowly(pace, async () => {
      const answer = serving.send('POST /v1/embeddings', body, { claims })
      let status = 404
      while (status === 404) {
        const response = await serving.send(`DELETE /v1/requests/${jti}`, undefined, {
          claims: { scope: 'embed', model: 'encoder', jti: crypto.randomUUID() },
        })
        status = response.status
        if (status === 200) ({ usage } = (await response.json()) as { usage: typeof usage })
      }
      expect((await answer).status).toBe(499)
    })
    expect(usage.prompt_tokens % 62).toBe(0)
    expect(usage.prompt_tokens).toBeLessThan(model.many * 62)
  })
})
