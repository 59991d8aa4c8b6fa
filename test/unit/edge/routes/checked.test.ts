import { expect, it } from 'vitest'
import { CheckedRoutes } from '../../../../edge/routes/checked.ts'

const COUNT = 'POST /v1/messages/count_tokens'

it('names no route, every one where a model works, or those of some paths', () => {
  expect(CheckedRoutes.parse('off').size).toBe(0)
  const all = [...CheckedRoutes.parse('required')]
  expect(all).toContain(COUNT)
  expect(all).toEqual(
    expect.arrayContaining(['POST /v1/chat/completions', 'POST /v1/jobs', 'POST /v1/tasks/:task']),
  )
  expect(all.filter((name) => !name.startsWith('POST '))).toEqual([])
  expect(all).not.toContain('POST /v1/keys')
  expect([...CheckedRoutes.parse('/v1/chat/completions, /v1/jobs')]).toEqual([
    'POST /v1/chat/completions',
    'POST /v1/jobs',
  ])
})

it.each(['on', 'required,/v1/jobs', '/v1/models', '/v1/nothing', ' ', '/v1/jobs,'])('refuses %j', (text) => {
  expect(CheckedRoutes.safeParse(text).success).toBe(false)
})
