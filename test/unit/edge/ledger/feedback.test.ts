import { expect, it } from 'vitest'
import { feedbackOf } from '../../../../edge/ledger/feedback.ts'

const FIELDS = { account: 'ada', request_id: 'r1', score: '-1', text: 'cut off' }

it('feedback comes from a stream entry, with the time of its id', () => {
  expect(feedbackOf('1795258770000-3', FIELDS)).toEqual({
    account_id: 'ada',
    request_id: 'r1',
    rating: -1,
    comment: 'cut off',
    at: 1_795_258_770_000,
  })
  expect(feedbackOf('1-0', { ...FIELDS, text: '' })).toMatchObject({ comment: null })
})

it.each([
  ['account', { account: '' }],
  ['request_id', { request_id: '' }],
  ['score', { score: '0' }],
  ['score', { score: '5' }],
])('is none with a wrong %s', (wrong, changes) => {
  expect(feedbackOf('1-0', { ...FIELDS, ...changes })).toEqual({ wrong })
})
