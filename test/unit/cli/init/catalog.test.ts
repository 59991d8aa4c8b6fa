import { describe, expect, it } from 'vitest'
import { newCatalog, priceSheet } from '../../../../cli/init/catalog.ts'
import type { OwnModel } from '../../../../cli/init/model.ts'
import { sheetJson, sheetOf } from '../../../../cli/price/sheet.ts'
import type { Task } from '../../../../shared/catalog.ts'

const MODEL: OwnModel = {
  entry: { id: 'mine', source: 'owner/mine', task: 'feature-extraction' },
  catalog: {
    id: 'mine',
    tasks: ['embedding', 'feature-extraction'],
    context: 512,
    overhead: { request: 0, item: 2 },
  },
  measured: false,
}
const SHEET = priceSheet(
  JSON.stringify(
    sheetJson(
      sheetOf(
        { input: 150_000, output: 600_000 },
        { requestsPerDay: 10, promptTokens: 300, outputTokens: 150 },
        { margin: 30, fixedCents: 0, users: 1, unitsPerDollar: 100_000_000 },
      ),
    ),
  ),
)

describe('the catalog of a new deployment', () => {
  it('has the models that come along, and no plan with jobs, which need a host that takes them', () => {
    const { models, plans } = newCatalog(undefined, undefined)
    expect(models.map(({ id }) => id)).toEqual(['twohop-chat', 'twohop-embed', 'twohop-classify'])
    expect(plans.flatMap(({ scopes }) => scopes)).not.toContain('jobs')
  })

  it('has a model of one’s own alone, with the scopes of what it does and the price of its like', () => {
    const { models, plans } = newCatalog(MODEL, undefined)
    expect(models).toEqual([{ ...MODEL.catalog, prices: { prompt: 1, output: 0, compute_second: 0 } }])
    expect(plans.map((plan) => ({ models: plan.models, scopes: plan.scopes }))).toEqual([
      { models: ['mine'], scopes: ['embed', 'tasks:feature-extraction'] },
      { models: ['mine'], scopes: ['embed', 'tasks:feature-extraction'] },
    ])
  })

  it('has a price for seconds of audio, by the tokens that they stand for, where a model hears', () => {
    const task = 'automatic-speech-recognition'
    const catalog = { ...MODEL.catalog, tasks: [task] satisfies Task[], context: 448 }
    const speech = { ...MODEL, catalog, entry: { ...MODEL.entry, task } }
    expect(newCatalog(speech, undefined).models[0]?.prices).toEqual({
      prompt: 1,
      output: 4,
      compute_second: 0,
      audio_second: 50,
    })
    expect(newCatalog(speech, SHEET).models[0]?.prices).toMatchObject({ prompt: 15, audio_second: 750 })
  })

  it('has the prices and budgets of a sheet, and a tenth of them for who does not pay', () => {
    const { models, plans } = newCatalog(undefined, SHEET)
    expect(new Set(models.map(({ prices }) => JSON.stringify(prices))).size).toBe(1)
    expect(models[0]?.prices).toEqual({ prompt: 15, output: 60, compute_second: 0 })
    expect(plans.map(({ id, budgets }) => [id, budgets])).toEqual([
      ['free', { minute: 72_000, day: 72_000, month: 418_500 }],
      ['pro', { minute: 72_000, day: 418_500, month: 4_185_000 }],
    ])
  })

  it.each(['', '{}', '{"prices":{"prompt":1.5,"output":1},"budgets":{}}'])(
    'takes no sheet like %j',
    (text) => {
      expect(() => priceSheet(text)).toThrow(expect.objectContaining({ code: 'bad_price' }))
    },
  )
})
