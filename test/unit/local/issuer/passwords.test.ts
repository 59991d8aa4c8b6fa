import { expect, it } from 'vitest'
import { hashPassword, isPassword } from '../../../../local/issuer/passwords.ts'

it('knows a password again and no other, and keeps no two alike', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])
  expect(await isPassword('correct horse', one)).toBe(true)
  expect(await isPassword('correct horsf', one)).toBe(false)
  expect(await isPassword('', one)).toBe(false)
  expect(one.hash.equals(two.hash)).toBe(false)
  expect(JSON.stringify(one)).not.toContain('horse')
})
