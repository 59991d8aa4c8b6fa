import { expect, test } from 'vitest'
import { vocabularyOf } from '../../../../fixtures/structure/drive.ts'
import { realModel } from '../../../../fixtures/weights/real.ts'

const real = realModel('SmolLM2-135M-Instruct')
test.skipIf(real === undefined)(
  `a vocabulary of 49,152 tokens is read, long ones left out${real ? '' : ' (../shared/models/SmolLM2-135M-Instruct is missing)'}`,
  () => {
    const { tokens, trie } = vocabularyOf(real ?? '')
    expect(tokens).toHaveLength(49_152)
    expect(tokens.filter((bytes) => bytes === undefined).length).toBeLessThan(200)
    expect(new Set(trie.token).size - 1).toBe(tokens.filter((bytes) => bytes !== undefined).length)
  },
)
