import { expect, it } from 'vitest'
import { checked, originsOf } from '../../../../cli/init/checked.ts'

const ID = 'abcdefghijklmnopabcdefghijklmnop'

it('answers are checked by the rules of the variables that they go into, under the option’s name', () => {
  expect(originsOf([ID, 'moz-extension://*'])).toEqual([`chrome-extension://${ID}`, 'moz-extension://*'])
  expect(() => originsOf(['*'])).toThrow(/^--origin: /)
  expect(() => checked('--host-url', 'HOST_URL', ['http://host.example'])).toThrow(/^--host-url: must begin/)
  expect(checked('--supabase-url', 'SUPABASE_URLS', [])).toEqual([])
})
