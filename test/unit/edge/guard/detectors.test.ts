import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { card } from '../../../../edge/guard/card.ts'
import type { Detector } from '../../../../edge/guard/detector.ts'
import { email } from '../../../../edge/guard/email.ts'
import { iban } from '../../../../edge/guard/iban.ts'
import { phone, phoneOfNorthAmerica, phoneWithZeros } from '../../../../edge/guard/phone.ts'
import { scanWhole } from '../../../../edge/guard/scan.ts'
import { knownSecret, randomSecret } from '../../../../edge/guard/secrets.ts'
import { words } from '../../../../edge/guard/words.ts'

/** What of a text the detectors find. */
const foundIn = (text: string, ...detectors: Detector[]) =>
  scanWhole(detectors, text).flatMap((stretch) => (stretch.rule === undefined ? [] : [stretch.text]))

// Numbers that the schemes publish for tests; IBANs are the examples of the registry.
describe.each([
  [
    'cards',
    [card],
    [
      '4111111111111111',
      '4111 1111 1111 1111',
      '4111-1111-1111-1111',
      '4111\u20111111\u20111111\u20111111',
      '5555 5555 5555 4444',
      '2223003122003222',
      '3782 822463 10005',
      '3056 9309 0259 04',
      '6011111111111117',
      '3530111333300000',
      '4222222222222',
      '4111  1111  1111  1111',
      '４１１１１１１１１１１１１１１１',
      '٤١١١١١١١١١١١١١١١',
      '4111\u200b1111\u200b1111\u200b1111',
      '\u{1d7d2}111 1111 1111 1111',
    ],
    [
      '4111 1111 1111 1112',
      '1234567890123456',
      '1764439171000',
      '41111111111111112345',
      '411111111111111',
      '4111  1111',
      '4111   1111   1111   1111',
      '978-0-306-40615-7',
      '1764439171000',
      '2026-11-29 12:30:45.123',
      '9400 1118 9922 3857 2684 90',
      '10.15.7.2 4.0.1.2 3.11.4',
    ],
  ],
  [
    'IBANs',
    [iban],
    [
      'DE89370400440532013000',
      'DE89 3704 0044 0532 0130 00',
      'de89 3704 0044 0532 0130 00',
      'DE89  3704  0044  0532  0130  00',
      'DE89.3704.0044.0532.0130.00',
      'GB29 NWBK 6016 1331 9268 19',
      'NO9386011117947',
      'MT84MALT011000012345MTLCAST001S',
      'FR14 2004 1010 0505 0001 3M02 606',
    ],
    [
      'DE88 3704 0044 0532 0130 00',
      'DE8937040044053201300',
      'XX89370400440532013000',
      'DE89 words that follow one another',
      'AB12',
    ],
  ],
  [
    'addresses',
    [email],
    [
      'ann@example.com',
      'ann.b+c@mail.example.co.uk',
      "o'neill@example.ie",
      'jürgen@müller.example',
      `${'a'.repeat(64)}@example.com`,
    ],
    ['ann@example', '@ann', 'an @ sign', 'a@b', 'npm i @scope/name@1.2.3'],
  ],
  [
    'phone numbers',
    [phone, phoneWithZeros, phoneOfNorthAmerica],
    [
      '+49 170 1234567',
      '+14155550123',
      '+44 (0)20 7946 0958',
      '(415) 555-0123',
      '415-555-0123',
      '415.555.0123',
      '0049 170 1234567',
      '004915112345678',
      '0044 20 7946 0958',
    ],
    [
      '+1',
      '1+12345678',
      '2026-11-29',
      '555-0123',
      '10.0.0.1',
      '415-555-01234',
      'x = a + 12345678',
      '3.0049123456789',
      '001234567890',
      '0000412345678',
    ],
  ],
  [
    'known secrets',
    [knownSecret],
    [
      `sk-${'a1B2'.repeat(8)}`,
      `ghp_${'a1B2c3'.repeat(6)}`,
      'AKIAIOSFODNN7EXAMPLE',
      `AIza${'a1B2c'.repeat(7)}`,
      `hf_${'aB'.repeat(17)}`,
      `xoxb-${'1234567890-abc'}`,
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
      '-----BEGIN RSA PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----',
    ],
    ['sk-short', 'task-force-of-the-century-and-more', '-----BEGIN PUBLIC KEY-----', 'AKIA', 'eyJ'],
  ],
  [
    'words of a list',
    [words('blocklist', ['Damn', 'project blue sky', 'straße', '敏感词', 'café'])],
    [
      'damn',
      'DAMN',
      'da\u200bmn',
      'ｄａｍｎ',
      'Project  Blue\nSky',
      'STRAßE',
      'cafe\u0301',
      'CAFÉ',
      '\u{1d41d}\u{1d41a}\u{1d426}\u{1d427}',
    ],
    ['damnation', 'goddamn', 'project blue', 'project blue skyline', 'strasse', 'cafe', 'cafés'],
  ],
])('%s', (_, detectors: Detector[], there, notThere) => {
  it.each(there)('%j is found within a text', (text) => {
    expect(foundIn(`see ${text}, please`, ...detectors)).toEqual([text])
    expect(foundIn(text, ...detectors)).toEqual([text])
    expect(foundIn(`(${text})`, ...detectors)).toEqual([text])
  })
  it.each(notThere)('%j is not', (text) => {
    expect(foundIn(`see ${text}, please`, ...detectors)).toEqual([])
  })
})

describe('keys of no known form', () => {
  it('are found among names and prose', () => {
    let missed = 0
    for (let i = 0; i < 2000; i++)
      if (foundIn(randomBytes(30).toString('base64url'), randomSecret).length === 0) missed++
    expect(missed).toBeLessThan(60)
    for (const name of [
      'InternationalizationSupport2',
      'getElementsByClassNameWithPrefix1',
      'Donaudampfschifffahrtsgesellschaft2024',
      'https_example_com_path_To_Page_12',
      '3f786850e387550fdab836ed7e6dc881de23001b',
      '123e4567-e89b-12d3-a456-426614174000',
      '_'.repeat(40),
      'HuggingFaceTB_SmolLM2-135M-Instruct',
      'DeepSeek-R1-Distill-Qwen-14B',
    ])
      expect(foundIn(`see ${name}.`, randomSecret)).toEqual([])
  })
})

it('a word of a script without spaces is found within a sentence', () => {
  expect(foundIn('这是敏感词吗', words('blocklist', ['敏感词']))).toEqual(['敏感词'])
})

it('a key of no known form is found behind its name', () => {
  const key = 'kY7pQ2xV9tR4mW8nB3cD6fG1'
  expect(foundIn(`THE_LONG_NAME_OF_A_SETTING_OF_OURS=${key}`, randomSecret)).toEqual([key])
})

it.each(['a', '7', '.', 'aB', 'ä'])(
  'reads %j over and over before an @ once, not once from each character',
  (unit) => {
    const exec = vi.spyOn(RegExp.prototype, 'exec')
    try {
      const before = exec.mock.calls.length
      scanWhole([email], `${unit.repeat(20_000)}@`)
      const few = exec.mock.calls.length - before
      expect(few).toBeLessThan(300)
      expect(foundIn(`${unit.repeat(20_000)}@example.com`, email)).toEqual([
        `${unit.repeat(64).slice(-64)}@example.com`,
      ])
    } finally {
      exec.mockRestore()
    }
  },
)

it.each([
  [`${'a'.repeat(65)}@example.com`, `${'a'.repeat(64)}@example.com`],
  [`${'\u{20bb7}'.repeat(70)}@example.com`, `${'\u{20bb7}'.repeat(64)}@example.com`],
  [`b${'\u{20bb7}'.repeat(40)}cc@example.com`, `b${'\u{20bb7}'.repeat(40)}cc@example.com`],
  ['\u{1f600}ann@example.com', 'ann@example.com'],
  ['ann@bob@example.com', 'bob@example.com'],
  ['ann@.bob@example.com', '.bob@example.com'],
])('finds an address behind what is no part of it: %j', (text, found) => {
  expect(foundIn(text, email)).toEqual([found])
})

it('a text of 64 KiB that comes close to a find everywhere is looked through in time, with a thousand words too', () => {
  const listed = Array.from({ length: 1000 }, (_, i) => `s ${'s '.repeat(i % 40)}x${i}`)
  const detectors = [card, iban, email, phone, phoneWithZeros, phoneOfNorthAmerica, knownSecret, randomSecret]
  for (const unit of [
    '4 ',
    'a.',
    's ',
    'MT84 ',
    '-',
    'eyJa',
    '\u200b4',
    `${'a'.repeat(63)}@${'b'.repeat(63)}.`,
  ]) {
    const began = process.cpuUsage()
    scanWhole([...detectors, words('blocklist', listed)], unit.repeat(65_536 / unit.length))
    // It takes some 100 ms of a CPU; what grows with the square takes minutes.
    expect(process.cpuUsage(began).user).toBeLessThan(8_000_000)
  }
})
