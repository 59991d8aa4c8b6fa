import { describe, expect, it } from 'vitest'
import { createPenalties } from '../../../../../inference-host/decoding/sampling/penalties.ts'

const NONE = {
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: new Map<number, number>(),
}
const LOGITS = [4, -4, 1, 0]

/** The logits after the penalties, of a request that has generated these tokens. */
function penalized(settings: Partial<typeof NONE>, prompt: number[], generated: number[]) {
  const penalties = createPenalties({ ...NONE, ...settings }, prompt)
  for (const id of generated) penalties?.count(id)
  const logits = Float32Array.from(LOGITS)
  penalties?.apply(logits)
  return [...logits]
}

describe('penalties', () => {
  it('there are none where nothing was asked for', () => {
    expect(createPenalties(NONE, [1, 2])).toBeUndefined()
  })

  it('of repetition make what was said less likely on either side of zero, once, the prompt too', () => {
    expect(penalized({ repetitionPenalty: 2 }, [0, 0, 1], [2, 2])).toEqual([2, -8, 0.5, 0])
  })

  it('of frequency count each time, of presence once, and the prompt not at all', () => {
    expect(penalized({ frequencyPenalty: 0.5 }, [0], [1, 1, 3])).toEqual([4, -5, 1, -0.5])
    expect(penalized({ presencePenalty: 1 }, [0], [1, 1, 3])).toEqual([4, -5, 1, -1])
  })

  it('a bias is added after the others, and to no token beyond the vocabulary', () => {
    expect(
      penalized(
        {
          repetitionPenalty: 2,
          logitBias: new Map([
            [0, 10],
            [99, 5],
          ]),
        },
        [0],
        [],
      ),
    ).toEqual([12, -4, 1, 0])
  })

  it('a prompt token beyond the vocabulary changes nothing', () => {
    expect(penalized({ repetitionPenalty: 2 }, [99], [])).toEqual(LOGITS)
  })
})
