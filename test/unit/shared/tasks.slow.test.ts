import {
  FillMaskPipeline,
  QuestionAnsweringPipeline,
  TextClassificationPipeline,
  TokenClassificationPipeline,
  ZeroShotClassificationPipeline,
} from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelTask } from '../../../inference-host/device/port.ts'
import type { Answer, Classification, FilledMask, TokenClassification } from '../../../shared/tasks.ts'
import { ask, type TinyModel, tinyModel } from '../../fixtures/encoding/tiny.ts'

// The pipelines of transformers.js are the reference: what they say of a model, the host must say.

const LABELS: Partial<Record<ModelTask, string[]>> = {
  'token-classification': ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'],
  'zero-shot-classification': ['contradiction', 'neutral', 'entailment'],
  'text-classification': ['good', 'bad', 'neither'],
  'text-ranking': ['relevant'],
}
const TEXTS = [
  'Anna Smith lives in Paris.',
  'the quick brown fox jumps over the lazy dog',
  'Where is the école?',
  'unknowns running, in London',
]

const models = new Map<ModelTask, TinyModel>()
const of = (task: ModelTask) => models.get(task) as TinyModel
/** transformers.js types its pipelines by model class; a tiny model is of the right one. */
const parts = (task: ModelTask) =>
  ({ task, model: of(task).plain.model, tokenizer: of(task).plain.tokenizer }) as never

beforeAll(async () => {
  for (const task of [
    'text-classification',
    'text-ranking',
    'token-classification',
    'zero-shot-classification',
    'fill-mask',
    'question-answering',
  ] as const)
    models.set(task, await tinyModel(task, { labels: LABELS[task] ?? [] }))
})
afterAll(() => Promise.all([...models.values()].map((model) => model.remove())))

const near = (score: number) => expect.closeTo(score, 5)

test('text classification: labels and scores, as the pipeline', async () => {
  const pipeline = new TextClassificationPipeline(parts('text-classification'))
  const theirs = (await pipeline(TEXTS, { top_k: null } as never)) as unknown as Classification[][]
  const { items } = await ask<Classification[]>(of('text-classification'), {
    kind: 'classify',
    texts: TEXTS,
    topK: undefined,
  })
  expect(items).toEqual(
    theirs.map((labels) => labels.map(({ label, score }) => ({ label, score: near(score) }))),
  )
})

describe('token classification', () => {
  const job = { kind: 'label_tokens', texts: TEXTS, ignore: ['O'] } as const

  test.each(['none', 'simple'] as const)(
    'aggregation %s: as the pipeline, with places',
    async (aggregation) => {
      const pipeline = new TokenClassificationPipeline(parts('token-classification'))
      const { items } = await ask<TokenClassification[]>(of('token-classification'), {
        ...job,
        ignore: [],
        aggregation,
      })
      const theirs = (await pipeline(TEXTS, {
        aggregation_strategy: aggregation,
        ignore_labels: [],
      } as never)) as unknown as TokenClassification[][]
      expect(items?.map((entities) => entities.map(({ start: _, end: __, ...rest }) => rest))).toEqual(
        theirs.map((entities) => entities.map((entity) => ({ ...entity, score: near(entity.score) }))),
      )
      for (const [i, entities] of (items ?? []).entries())
        for (const { word, start, end } of entities) {
          const place = TEXTS[i]?.slice(start ?? 0, end ?? 0).toLowerCase()
          if (aggregation === 'none')
            expect(place?.normalize('NFD').replace(/\p{M}/gu, '')).toBe(word.replace('##', ''))
          else expect(end).toBeGreaterThan(start ?? 0)
        }
    },
  )

  test.each(['first', 'average', 'max'] as const)('aggregation %s never cuts a word', async (aggregation) => {
    const { items } = await ask<TokenClassification[]>(of('token-classification'), {
      ...job,
      ignore: [],
      aggregation,
    })
    expect(items?.flat().length).toBeGreaterThanOrEqual(TEXTS.length)
    for (const [i, entities] of (items ?? []).entries())
      for (const { start, end } of entities) {
        const text = TEXTS[i] ?? ''
        expect(text.slice((start ?? 0) - 1, (start ?? 0) + 1)).not.toMatch(/^\p{L}{2}$/u)
        expect(text.slice((end ?? 0) - 1, (end ?? 0) + 1)).not.toMatch(/^\p{L}{2}$/u)
      }
  })
})

test.each([{ multi_label: false }, { multi_label: true }])(
  'zero-shot, %o: as the pipeline',
  async ({ multi_label }) => {
    const pipeline = new ZeroShotClassificationPipeline(parts('zero-shot-classification'))
    const labels = ['fox', 'paris', 'dog']
    const { items, counts } = await ask<Classification[]>(of('zero-shot-classification'), {
      kind: 'zero_shot',
      texts: TEXTS.slice(0, 2),
      labels,
      template: 'This example is about {}.',
      multiLabel: multi_label,
    })
    for (const [i, text] of TEXTS.slice(0, 2).entries()) {
      const theirs = (await pipeline(text, labels, {
        hypothesis_template: 'This example is about {}.',
        multi_label,
      })) as { labels: string[]; scores: number[] }
      expect(items?.[i]).toEqual(
        theirs.labels.map((label, k) => ({ label, score: near(theirs.scores[k] ?? 0) })),
      )
    }
    const { tokenizer } = of('zero-shot-classification').plain
    const pairs = TEXTS.slice(0, 2).flatMap((text) =>
      labels.map((label) => tokenizer.encode(text, { text_pair: `This example is about ${label}.` }).length),
    )
    expect(counts.promptTokens).toBe(pairs.reduce((sum, tokens) => sum + tokens, 0))
  },
)

test('fill-mask: as the pipeline, and among targets only', async () => {
  const pipeline = new FillMaskPipeline(parts('fill-mask'))
  const texts = ['the [MASK] fox jumps', 'Anna lives in [MASK].']
  const theirs = (await pipeline(texts, { top_k: 4 })) as unknown as FilledMask[][]
  const job = { kind: 'fill_mask', texts, topK: 4 } as const
  const { items } = await ask<FilledMask[]>(of('fill-mask'), job)
  expect(items).toEqual(theirs.map((filled) => filled.map((one) => ({ ...one, score: near(one.score) }))))
  const some = await ask<FilledMask[]>(of('fill-mask'), { ...job, targets: ['paris', 'london'] })
  expect(some.items?.[1]?.map(({ token_str }) => token_str).sort()).toEqual(['london', 'paris'])
  await expect(ask(of('fill-mask'), { ...job, texts: ['the fox'] })).rejects.toMatchObject({
    param: 'inputs[0]',
  })
  await expect(ask(of('fill-mask'), { ...job, targets: ['the fox'] })).rejects.toMatchObject({
    param: 'parameters.targets[0]',
  })
})

test('question answering: as the pipeline, with the place in the context', async () => {
  const pipeline = new QuestionAnsweringPipeline(parts('question-answering'))
  const context = 'Anna Smith lives in Paris, the dog runs in London.'
  const question = 'Where is Anna?'
  const theirs = (await pipeline(question, context, { top_k: 60 } as never)) as unknown as {
    answer: string
    score: number
  }[]
  const { items } = await ask<Answer>(of('question-answering'), {
    kind: 'answer',
    question,
    context,
    topK: 60,
    longest: 48,
    mayBeEmpty: false,
  })
  expect(items?.map(({ score }) => score)).toEqual(theirs.map(({ score }) => near(score)))
  for (const { answer, start, end } of items ?? []) expect(context.slice(start ?? 0, end ?? 0)).toBe(answer)
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, '')
  expect(items?.map(({ answer }) => plain(answer))).toEqual(theirs.map(({ answer }) => plain(answer)))
})

test('ranking: the same scores as each pair alone, the best first', async () => {
  const { tokenizer, model } = of('text-ranking').plain
  const query = 'where is anna'
  const alone = await Promise.all(
    TEXTS.map(async (document) => {
      const { logits } = await model(tokenizer(query, { text_pair: document }))
      return 1 / (1 + Math.exp(-logits.data[0]))
    }),
  )
  const { items } = await ask<{ index: number; relevance_score: number }>(of('text-ranking'), {
    kind: 'rank',
    query,
    documents: TEXTS,
    topN: 3,
    truncate: false,
  })
  expect(items?.map(({ relevance_score }) => relevance_score)).toEqual(
    alone
      .toSorted((a, b) => b - a)
      .slice(0, 3)
      .map(near),
  )
  for (const { index, relevance_score } of items ?? [])
    expect(relevance_score).toBeCloseTo(alone[index] ?? 0, 5)
})
