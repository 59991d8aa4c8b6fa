import { expect, test } from 'vitest'
import { createLog } from '../../../../inference-host/platform/log.ts'

test('one line an event, fields as key=value, other characters quoted, absent ones left out', () => {
  const lines: string[] = []
  createLog((line) => lines.push(line))('run', { id: 'a-1', ms: 3, why: 'two\nwords', code: undefined })
  expect(lines).toEqual(['run id=a-1 ms=3 why="two\\nwords"'])
})
