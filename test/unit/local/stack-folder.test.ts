import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { stackFolder } from '../../../local/stack-folder.ts'

const LOCAL = join(import.meta.dirname, '../../../.local')

test.each([
  [undefined, LOCAL],
  ['', LOCAL],
  ['/tmp/a-stack', '/tmp/a-stack'],
  ['a-stack', resolve('a-stack')],
])('%j is the folder %s', (named, folder) => {
  expect(stackFolder(named)).toBe(folder)
})
