import { expect, it } from 'vitest'
import { parseHubCompletion } from '../../../../edge/parse/hub-completion.ts'
import { HostCompletionRequest } from '../../../../shared/openai/completions.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

const pro = entitledTo('pro')
const parse = (body: object) => {
  const { request } = parseHubCompletion({ model: 'https://edge.test/v1/x', prompt: 'a', ...body }, pro)
  return HostCompletionRequest.parse(JSON.parse(JSON.stringify(request)))
}

it('is a completion by the plan’s first model where the client names its URL, or none', () => {
  expect(parse({ max_tokens: 3, temperature: 1, do_sample: true, details: false })).toMatchObject({
    model: 'twohop-chat',
    prompt: 'a',
    max_tokens: 3,
    temperature: 1,
  })
  expect(parse({ model: undefined }).model).toBe('twohop-chat')
  expect(parse({ model: 'twohop-chat' }).model).toBe('twohop-chat')
})

it('takes the likeliest tokens where it is not to sample', () => {
  expect(parse({ temperature: 1, do_sample: false, return_full_text: false }).temperature).toBe(0)
})

it('reads null as what is not there, and passes over what changes nothing', () => {
  const nothing = { model: null, do_sample: null, return_full_text: null, best_of: null, adapter_id: null }
  const unread = { clean_up_tokenization_spaces: true, min_length: 3, num_beams: 1, top_n_tokens: 0 }
  expect(parse({ ...nothing, ...unread, grammar: null, truncate: null })).toEqual(parse({}))
})

it.each([
  [{ truncate: 5 }, 'truncate'],
  [{ grammar: { type: 'regex', value: 'a' } }, 'grammar'],
  [{ return_full_text: true }, 'return_full_text'],
  [{ watermark: true }, 'watermark'],
  [{ top_n_tokens: 4 }, 'top_n_tokens'],
])('refuses by its name what would change the answer: %j', (body, param) => {
  expect(refusal(() => parse(body))).toEqual(['invalid_request', param])
})
