import { expect, it } from 'vitest'
import { answersOf } from '../../../../shared/openai/answers-of.ts'

it('is as many as the request says, and else one', () => {
  expect([{ n: 3 }, { n: null }, { n: undefined }, {}].map(answersOf)).toEqual([3, 1, 1, 1])
})
