import { expect, it } from 'vitest'
import { isMessagesPath, messageErrorResponse } from '../../../../edge/write/message-errors.ts'
import { ERRORS, type ErrorCode, TwohopError } from '../../../../shared/errors.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]

it.each(codes)('%s has a type of Anthropic’s that goes with its status', async (code) => {
  const answer = messageErrorResponse(new TwohopError(code, 'No.', { param: 'a' }), 'r1')
  const types: Record<number, string> = {
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    504: 'timeout_error',
    529: 'overloaded_error',
  }
  const { status } = answer
  expect(status).toBe(code === 'host_busy' ? 529 : ERRORS[code].status)
  expect(await answer.json()).toEqual({
    type: 'error',
    request_id: 'r1',
    error: {
      type: types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'),
      message: 'No.',
      code,
      param: 'a',
      request_id: 'r1',
      details: { error_code: code },
    },
  })
  expect(answer.headers.get('request-id')).toBe('r1')
  expect(answer.headers.get('retry-after')).toBe(
    status === 429 || [503, 504, 529].includes(status) ? '1' : null,
  )
})

it.each<[ErrorCode, string, string]>([
  ['invalid_request', 'thread', 'thread_unsupported_request'],
  ['invalid_request', 'threads', 'invalid_request'],
  ['model_not_found', 'thread', 'model_not_found'],
])('%s of %s says %s to the package, and the code stays', async (code, param, told) => {
  const { error } = await messageErrorResponse(new TwohopError(code, 'No.', { param }), 'r1').json()
  expect([error.code, error.details]).toEqual([code, { error_code: told }])
})

it('tells nothing of an error that was not foreseen', async () => {
  const text = await messageErrorResponse(new Error('secret'), 'r1').text()
  expect(JSON.parse(text)).toMatchObject({ error: { type: 'api_error', code: 'internal' } })
  expect(text).not.toContain('secret')
})

it('is for the paths of that API alone', () => {
  const paths = ['/v1/messages', '/v1/messages/', '/v1/messages/count_tokens', '/v1/messagesx', '/v1/chat']
  expect(paths.map(isMessagesPath)).toEqual([true, true, true, false, false])
})
