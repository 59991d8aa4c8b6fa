import { expect, test } from 'vitest'
import { describeEachModel, embeddedModel, realModel } from '../../../../fixtures/models.ts'
import { vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const MODELS = [
  /** All but its three marks are read. */
  { ...embeddedModel('twohop-chat'), size: 2048, unread: 4 },
  { ...realModel('SmolLM2-135M-Instruct'), size: 49_152, unread: 200 },
]

describeEachModel('the vocabulary of %s', MODELS, ({ folder, size, unread }) => {
  test('is read whole, long tokens left out, and each token can be found by its bytes', () => {
    const { tokens, trie } = vocabularyOf(folder)
    expect(tokens).toHaveLength(size)
    expect(tokens.filter((bytes) => bytes === undefined).length).toBeLessThan(unread)
    expect(new Set(trie.token).size - 1).toBe(tokens.filter((bytes) => bytes !== undefined).length)
  })
})
