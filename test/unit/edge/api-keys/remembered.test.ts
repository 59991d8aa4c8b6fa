import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  ENDED_REMEMBERED_MS,
  NONE_REMEMBERED_MS,
  rememberedName,
} from '../../../../edge/api-keys/remembered.ts'
import { ROOT } from '../../../fixtures/pages.ts'

it('is remembered for as long as docs/keys.md says', async () => {
  const page = (await readFile(join(ROOT, 'docs/keys.md'), 'utf8')).replaceAll('\n', ' ')
  expect(page).toContain('for ten minutes where it was revoked or has expired, for 5 s where there is none')
  expect([ENDED_REMEMBERED_MS, NONE_REMEMBERED_MS]).toEqual([600_000, 5000])
})

it('is of one key and one secret', () => {
  const key = { issuer: 'key', id: 'k', secretHash: 'a' } as const
  const names = [key, { ...key, secretHash: 'b' }, { ...key, id: 'l' }].map(rememberedName)
  expect(new Set(names).size).toBe(3)
  expect(rememberedName({ ...key })).toBe(rememberedName(key))
})
