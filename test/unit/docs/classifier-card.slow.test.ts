import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline, type TextClassificationPipeline } from '@huggingface/transformers'
import { beforeAll, describe, expect, test } from 'vitest'
import { embeddedModel, REPOSITORY } from '../../fixtures/models.ts'

type Row = { set: string; text: string; label: 0 | 1 }
const texts = await readFile(
  path.join(REPOSITORY, 'models/training/classifier/corpus/held-out.jsonl'),
  'utf8',
)
const rows = texts
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row)
const card = await readFile(path.join(REPOSITORY, 'models/twohop-classify/README.md'), 'utf8')

/** Whether the classifier is right, text by text. */
let right: boolean[]
beforeAll(async () => {
  const { folder } = embeddedModel('twohop-classify')
  const classify = (await pipeline('text-classification', folder, {
    dtype: 'q8',
  })) as TextClassificationPipeline
  right = []
  for (let at = 0; at < rows.length; at += 16) {
    const batch = rows.slice(at, at + 16)
    const labels = (await classify(batch.map(({ text }) => text))) as { label: string }[]
    right.push(...batch.map(({ label }, i) => (labels[i]?.label === 'INJECTION') === (label === 1)))
  }
}, 300_000)

const shareOf = (which: (row: Row) => boolean) => {
  const chosen = rows.flatMap((row, i) => (which(row) ? [right[i]] : []))
  return chosen.filter(Boolean).length / chosen.length
}

describe('the classifier', () => {
  test.each(['held-out templates', 'held-out families', 'hand-written'])(
    'is what its card says on %s',
    (set) => {
      const [, count, accuracy] =
        new RegExp(`^\\| ${set} \\| (\\d+) \\| ([\\d.]+) % \\|`, 'm').exec(card) ?? []
      expect(rows.filter((row) => row.set === set)).toHaveLength(Number(count))
      // Another CPU may round a text near the threshold to the other side.
      expect(Math.abs(100 * shareOf((row) => row.set === set) - Number(accuracy))).toBeLessThan(1)
    },
  )

  test('is right nine times out of ten on texts that it never saw, as README.md says', async () => {
    expect(await readFile(path.join(REPOSITORY, 'README.md'), 'utf8')).toContain(
      'nine times out of ten on texts',
    )
    expect(shareOf(() => true)).toBeGreaterThan(0.9)
  })
})
