import { expect, it } from 'vitest'
import { fieldPath } from '../../../shared/field-path.ts'

it.each([
  [[], ''],
  [['messages', 0, 'content'], 'messages[0].content'],
  [[3, 'a'], '[3].a'],
  [['a', 'b', 1, 2], 'a.b[1][2]'],
  [['a', 'x'.repeat(900)], `a.${'x'.repeat(198)}`],
])('%j is %s', (steps, path) => expect(fieldPath(steps)).toBe(path))
