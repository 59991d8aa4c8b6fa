import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { errorCode } from '../../../../inference-host/platform/error-code.ts'

test('a failed call has the system’s name', async () => {
  const error = await readFile('/no/such/file').catch((thrown) => thrown)
  expect(errorCode(error)).toBe('ENOENT')
})

test.each([new Error('no code'), Object.assign(new Error(), { code: 7 }), { code: 'ENOENT' }, 'ENOENT'])(
  'what has none has none (%#)',
  (thrown) => {
    expect(errorCode(thrown)).toBeUndefined()
  },
)
