import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { Catalog } from '../../../shared/catalog.ts'
import { windowsOf } from '../../../shared/media.ts'
import { unitsOf } from '../../../shared/units.ts'
import { mediaCatalog } from '../../fixtures/media-catalog.ts'
import { ROOT } from '../../fixtures/pages.ts'

it('a recording is heard in windows of 30 s that overlap', () => {
  expect([1, 30, 31, 50, 51, 70, 120].map(windowsOf)).toEqual([1, 1, 2, 2, 3, 3, 6])
})

it('docs/media.md has the same numbers', () => {
  const page = readFileSync(path.join(ROOT, 'docs/media.md'), 'utf8')
  const rows = [...page.matchAll(/^\| +(\d+) \| +(\d+) \|$/gm)].map(([, seconds, windows]) =>
    [seconds, windows].map(Number),
  )
  expect(rows).toHaveLength(3)
  expect(rows.map(([seconds = 0]) => windowsOf(seconds))).toEqual(rows.map(([, windows]) => windows))
})

describe('the catalog', () => {
  const changed = (index: number, change: object) =>
    Catalog.safeParse({
      ...mediaCatalog,
      models: mediaCatalog.models.map((model, i) => (i === index ? { ...model, ...change } : model)),
    }).error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)

  it('has a price of seconds for what hears, and for nothing else', () => {
    expect(changed(0, { prices: { prompt: 1, output: 1 } })).toEqual([
      'models.0.prices.audio_second is missing',
    ])
    expect(changed(1, { prices: { prompt: 1, output: 1, audio_second: 1 } })).toEqual([
      'models.1.prices.audio_second is for automatic-speech-recognition only',
    ])
  })

  it('says how many tokens an image counts as', () => {
    for (const i of [1, 2])
      expect(changed(i, { image_tokens: undefined })).toEqual([`models.${i}.image_tokens is missing`])
  })
})

it('seconds of audio have a price of their own, in whole units', () => {
  const prices = { prompt: 7, output: 3, compute_second: 10, audio_second: 100 }
  expect(unitsOf(prices, { promptTokens: 3, outputTokens: 5, computeMs: 150 })).toBe(300 + 15 + 2)
})
