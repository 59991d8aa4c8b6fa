import fc from 'fast-check'
import { expect, it } from 'vitest'
import { email } from '../../../../edge/guard/email.ts'
import { createAgreed, createReadings, readWhole } from '../../../../edge/guard/readings.ts'
import { words } from '../../../../edge/guard/words.ts'

const SOUGHT = [email, words('blocklist', ['nato', 'u0041'])]

it('both ways agree on the same begin of a text, whatever its pieces: up to the first find of either', () => {
  const part = fc.constantFrom('\\', 'n', 'ato', 'u00', '41', '40', 'nn@', 'b.com', ' ', '"', '.')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), fc.constantFrom('plain', 'json'), (parts, writing) => {
      const readings = createReadings(SOUGHT, writing)
      const agreed = createAgreed(() => true)
      let text = ''
      let rule: string | undefined
      for (const act of [...parts.map((one) => () => readings.read(one)), () => readings.end()]) {
        const { stretches, rule: found } = agreed(act(), false)
        text += stretches.map((one) => one.text).join('')
        rule = found
        if (rule !== undefined) break
      }
      const whole = createAgreed(() => true)(readWhole(SOUGHT, parts.join(''), writing), true)
      expect([text, rule]).toEqual([whole.stretches.map((one) => one.text).join(''), whole.rule])
    }),
    { numRuns: 1000 },
  )
})

it('nothing of what either way finds is given', () => {
  const read = (text: string) => createAgreed(() => true)(readWhole(SOUGHT, text, 'plain'), true)
  expect(read('a \\nato')).toEqual({ stretches: [{ text: 'a \\' }], rule: 'blocklist' })
  expect(read('a \\u006eato, then ann@b.com')).toEqual({ stretches: [{ text: 'a ' }], rule: 'blocklist' })
  expect(read('ann@b.com \\u006eato')).toEqual({ stretches: [], rule: 'pii.email' })
})
