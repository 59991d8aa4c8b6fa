import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { headerFilePlace, writeHeaderFile } from '../../../local/header-file.ts'
import type { StackFile } from '../../../local/stack-file.ts'

it('holds the headers for its owner alone, beside the file of its stack', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-headers-'))
  onTestFinished(() => rm(dir, { recursive: true, maxRetries: 10 }))
  expect(headerFilePlace(join(dir, 'stack-8788.json'))).toBe(join(dir, 'curl-8788.txt'))
  const path = headerFilePlace(join(dir, 'stack.json'))
  expect(path).toBe(join(dir, 'curl.txt'))
  const file = { tokens: { supabase: { free: 'a.b.c' } }, postgres: { publishableKey: 'pk' } } as StackFile
  await writeHeaderFile(path, file)
  expect(await readFile(path, 'utf8')).toBe(
    'authorization: Bearer a.b.c\ncontent-type: application/json\napikey: pk\n',
  )
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})
