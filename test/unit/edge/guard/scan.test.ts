import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { card } from '../../../../edge/guard/card.ts'
import { WINDOW } from '../../../../edge/guard/detector.ts'
import { email } from '../../../../edge/guard/email.ts'
import { iban } from '../../../../edge/guard/iban.ts'
import { phone, phoneOfNorthAmerica, phoneWithZeros } from '../../../../edge/guard/phone.ts'
import { createScan, type Stretch, scanWhole } from '../../../../edge/guard/scan.ts'
import { knownSecret, randomSecret } from '../../../../edge/guard/secrets.ts'
import { words } from '../../../../edge/guard/words.ts'

const ALL = [
  card,
  iban,
  email,
  phone,
  phoneOfNorthAmerica,
  phoneWithZeros,
  knownSecret,
  randomSecret,
  words('blocklist', ['damn', 'project blue sky', 'ﬁre', 'a b']),
]

/** Pieces of what is found, and what comes close to it, so that random texts of them have much to decide. */
const fragment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'0123456789 -.@+()aAzZ_e/y\n'.split('')) },
  fc.constantFrom(
    '4111 1111 1111 1111',
    '4111111111111111',
    '411111111111111',
    '3782 822463 10005',
    'DE89 3704 0044 0532 0130 00',
    'de89370400440532013000',
    'GB82WEST12345698765432',
    'GB82',
    'ann@example.com',
    'ann.b+c@mail.',
    'example.co.uk',
    '+49 170 1234567',
    '(555) 234-5678',
    '0049 170 1234567',
    '４１１１ １１１１ １１１１ １１１１',
    '…',
    '\u0301',
    '\u200b'.repeat(20),
    '\\u0040',
    '555-234-',
    '5678',
    'sk-abcdefghijklmnopqrstuvwx',
    'sk-abc',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJI.eyJzdWIi',
    '-----BEGIN RSA PRIVATE KEY-----',
    '-----BEGIN ',
    'kY7pQ2xV9tR4mW8nB3cD6fG1',
    'damn',
    'project  blue',
    ' sky',
    'fi\u200bre',
    'ﬁ',
    '\u00ad',
    '😀',
    'ordinary words of a text',
    'x'.repeat(70),
    'aB3'.repeat(90),
    '4'.repeat(600),
  ),
)
const writing = fc.constantFrom('plain' as const, 'json' as const, 'escaped' as const)
const anyText = fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join(''))

/** Stretches with their clean neighbours joined, since only where they were cut differs. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = []
  for (const { text, rule } of stretches) {
    const last = found.at(-1)
    if (last && !last.rule && !rule) last.text += text
    else found.push(rule ? { text, rule } : { text })
  }
  return found
}

describe('a scan', () => {
  it('finds the same in a text whatever the pieces in which it comes, and loses nothing', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        writing,
        (whole, sizes, how) => {
          const scan = createScan(ALL, how)
          const stretches: Stretch[] = []
          let given = 0
          for (let at = 0; at < whole.length; ) {
            const size = sizes.next().value ?? 1
            const got = scan.read(whole.slice(at, at + size))
            at = Math.min(whole.length, at + size)
            stretches.push(...got)
            given += got.reduce((sum, one) => sum + one.text.length, 0)
            // A few more where they are invisible.
            expect(at - given).toBeLessThan(WINDOW + 30)
          }
          stretches.push(...scan.end())
          expect(stretches.map((one) => one.text).join('')).toBe(whole)
          expect(joined(stretches)).toEqual(joined(scanWhole(ALL, whole, how)))
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('says of each place what it says of it in every longer text', () => {
    fc.assert(
      fc.property(anyText, anyText, (begin, rest) => {
        for (const { rule, at } of ALL)
          for (let place = Math.max(0, begin.length - 40); place < begin.length; place++) {
            const before = at(begin, place, false)
            if (before !== 'more')
              expect([rule, place, at(begin + rest, place, true)]).toEqual([rule, place, before])
          }
      }),
      { numRuns: 300 },
    )
  })

  it('holds ordinary prose back for a word only', () => {
    const scan = createScan(ALL)
    const given = 'The model answers in plain words, and '.split('').flatMap((char) => scan.read(char))
    expect(given.map((one) => one.text).join('')).toBe('The model answers in plain words, and ')
  })

  it('gives nothing of what is found before it is found', () => {
    const scan = createScan(ALL)
    const before = [...'pay with 4111 1111 1111 111'].flatMap((char) => scan.read(char))
    expect(before.map((one) => one.text).join('')).toBe('pay with ')
    expect(scan.read('1.')).toEqual([])
    expect(scan.read(' ')).toEqual([])
    expect(scan.read('\n')).toEqual([{ text: '4111 1111 1111 1111', rule: 'pii.card' }, { text: '. \n' }])
  })
})
