import { expect, it } from 'vitest'
import { logOfProcess } from '../../../../edge/log/of-process.ts'

it('writes lines at once, and nothing of an account', () => {
  const lines: string[] = []
  void logOfProcess((line) => lines.push(line))('error', 'crashed', { requestId: 'r1', code: 'internal' })
  expect(lines).toEqual(['{"level":"error","event":"crashed","request_id":"r1","code":"internal"}'])
})
