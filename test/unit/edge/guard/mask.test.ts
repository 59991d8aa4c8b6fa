import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskRequest } from '../../../../edge/guard/mask.ts'
import { ALL_WHOLE } from '../../../../edge/guard/policy.ts'
import { refusal } from '../../../fixtures/entitled.ts'

const mask = <Request extends object>(request: Request) => {
  const told: [string, boolean][] = []
  return { told, masked: maskRequest(request, ALL_WHOLE, (rule, blocked) => told.push([rule, blocked])) }
}
const said = (content: string) => ({ model: 'm', messages: [{ role: 'user', content }] })
/** What the model gets of a text. */
function masked(content: string): string {
  const request = mask(said(content)).masked?.request ?? said(content)
  return request.messages.map((one) => one.content).join()
}
const called = (given: string) => ({
  messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: given } }] }],
})
const argumentsOf = (given: string) =>
  (mask(called(given)).masked?.request ?? called(given)).messages[0]?.tool_calls[0]?.function.arguments ?? ''

const CARD = '4111 1111 1111 1111'
const JWT = `eyJ${'hbGciOiJIUzI1NiJ9'}.eyJ${'zdWIiOiJhIn0'.repeat(60)}.${'SflKxwRJSMeKKF2QT4'.repeat(4)}`
const PEM = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkq/kiG9w0B\n'.repeat(40)}aB3=\n-----END PRIVATE KEY-----`

describe('what a foreign upstream gets', () => {
  it.each([
    ['an address', 'I am ann@example.com.', 'I am [EMAIL_1].'],
    ['the same value twice, another once', 'a@b.de, c@d.de, a@b.de', '[EMAIL_1], [EMAIL_2], [EMAIL_1]'],
    [
      'each kind by its name',
      `${CARD} / DE89 3704 0044 0532 0130 00 / +49 170 1234567`,
      '[CARD_1] / [IBAN_1] / [PHONE_1]',
    ],
    ['a whole token, though its pattern has an end', `Bearer ${JWT}, yes`, 'Bearer [SECRET_1], yes'],
    ['a whole key, however long', `sk-${'a1B2c3D4'.repeat(90)} and`, '[SECRET_1] and'],
    ['a private key with all its lines', `key:\n${PEM}\nthat was it`, 'key:\n[SECRET_1]\nthat was it'],
    ['a private key without an end', `key: ${PEM.slice(0, 200)}`, 'key: [SECRET_1]'],
    ['a private key behind one more dash', `-${PEM}`, '-[SECRET_1]'],
    ['a private key of PGP', `${PEM.replaceAll('PRIVATE KEY', 'PGP PRIVATE KEY BLOCK')}.`, '[SECRET_1].'],
    ['what begins right behind another', 'a@b.de+491701234567', '[EMAIL_1][PHONE_1]'],
    ['digits of another script', 'pay ٤١١١ ١١١١ ١١١١ ١١١١ now', 'pay [CARD_1] now'],
    ['letters of full width', 'ann＠ｅｘａｍｐｌｅ．com', '[EMAIL_1]'],
    ['what is hidden by what nobody sees', 'ann@exa\u200bmple\u00ad.com!', '[EMAIL_1]!'],
    [
      'no number that a text has already',
      'is [EMAIL_1] or [EMAIL_3] me@x.de you@x.de?',
      'is [EMAIL_1] or [EMAIL_3] [EMAIL_2] [EMAIL_4]?',
    ],
    [
      'what stands behind an escape, as in JSON that a tool says,',
      '{"a":"\\nann@example.com\\t+49 170 1234567\\nDE89370400440532013000 \\u003cb@c.de\\u003e"}',
      '{"a":"\\n[EMAIL_1]\\t[PHONE_1]\\n[IBAN_1] \\u003c[EMAIL_2]\\u003e"}',
    ],
    [
      'what stands behind an escape of JSON within JSON',
      '{"a":"{\\"b\\":\\"\\\\n+49 170 1234567\\"}"}',
      '{"a":"{\\"b\\":\\"\\\\n[PHONE_1]\\"}"}',
    ],
    ['what stands behind a backslash that escapes nothing', 'C:\\x\\ann@example.com', 'C:\\x\\[EMAIL_1]'],
    ['no number that an escape hides', 'is [EMAIL\\u005f1] me@x.de?', 'is [EMAIL\\u005f1] [EMAIL_2]?'],
    ['nor one that is hidden in it', 'is [EMAIL\u200b_1] me@x.de?', 'is [EMAIL\u200b_1] [EMAIL_2]?'],
  ])('has for %s a placeholder', (_, text, sent) => expect(masked(text)).toBe(sent))

  it('has placeholders for values as JSON says them, and they are put back so', () => {
    const text = JSON.stringify({ a: `from:\nann@example.com`, b: PEM })
    const found = mask(said(text)).masked
    expect(found?.request.messages[0]?.content).toBe('{"a":"from:\\n[EMAIL_1]","b":"[SECRET_1]"}')
    expect(found?.putBack.whole('[EMAIL_1] has [SECRET_1]')).toBe(`ann@example.com has ${PEM}`)
  })

  it('is the same request where nothing is found', () => {
    expect(mask(said('hello')).masked).toBeUndefined()
  })

  it('has placeholders in all texts: parts, calls, results, tools, keys and numbers of schemas, stop strings', () => {
    const value = 'ann@example.com'
    const request = {
      model: value,
      stop: [value],
      messages: [
        { role: 'system', content: value },
        {
          role: 'user',
          content: [
            { type: 'text', text: value },
            { type: 'image_url', image_url: { url: value } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: value, function: { name: 'f', arguments: `{"a":"${value}"}` } }],
        },
        { role: 'tool', tool_call_id: value, content: value },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'f',
            description: value,
            parameters: {
              type: 'object',
              properties: { [value]: { enum: [value, 4111111111111111] } },
              required: [value],
            },
          },
        },
      ],
    }
    const { masked: found, told } = mask(request)
    const name = '[EMAIL_1]'
    expect(found?.request).toEqual({
      model: value,
      stop: [name],
      messages: [
        { role: 'system', content: name },
        {
          role: 'user',
          content: [
            { type: 'text', text: name },
            { type: 'image_url', image_url: { url: value } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: value, function: { name: 'f', arguments: `{"a":"${name}"}` } }],
        },
        { role: 'tool', tool_call_id: value, content: name },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'f',
            description: name,
            parameters: {
              type: 'object',
              properties: { [name]: { enum: [name, '[CARD_1]'] } },
              required: [name],
            },
          },
        },
      ],
    })
    expect(told.every(([, blocked]) => !blocked)).toBe(true)
    expect(request.messages[0]?.content).toBe(value)
  })

  it.each([
    ['an escaped @', '{"to":"ann\\u0040example.com"}', '{"to":"[EMAIL_1]"}'],
    ['a number', '{"n":4111111111111111,"m":"4111111111111111"}', '{"n":"[CARD_1]","m":"[CARD_1]"}'],
    [
      'a value behind an escaped quote',
      '{"a":"\\"ann@example.com","b":4111111111111111}',
      '{"a":"\\"[EMAIL_1]","b":"[CARD_1]"}',
    ],
    ['a key', '{"ann@example.com":1}', '{"[EMAIL_1]":1}'],
    ['a private key', JSON.stringify({ a: PEM, b: 1 }), '{"a":"[SECRET_1]","b":1}'],
    [
      'JSON within it',
      JSON.stringify({ a: JSON.stringify({ b: '\n+49 170 1234567' }), c: 4111111111111111 }),
      JSON.stringify({ a: JSON.stringify({ b: '\n[PHONE_1]' }), c: '[CARD_1]' }),
    ],
  ])('has for %s in arguments what is JSON still', (_, given, sent) => {
    expect(argumentsOf(given)).toBe(sent)
    expect(() => JSON.parse(argumentsOf(given))).not.toThrow()
  })

  it.each([
    [
      'a name',
      { tools: [{ type: 'function', function: { name: '4111111111111111' } }] },
      'tools[0].function.name',
    ],
    ['an expression', { structured_outputs: { regex: 'ann@example.com' } }, 'structured_outputs.regex'],
    ['a negative number', called('{"n":-4111111111111111}'), 'messages[0].tool_calls[0].function.arguments'],
    [
      'a key that goes on behind its JSON',
      called(`{"k":"${PEM.slice(0, 99).replace(/\n/g, '\\n')}"}`),
      'messages[0].tool_calls[0].function.arguments',
    ],
  ])('is nothing at all where no placeholder can stand: %s', (_, request, param) => {
    expect(refusal(() => mask(request))).toEqual(['content_blocked', param])
  })

  it('is never longer than is reserved', () => {
    const text = fc.array(
      fc.constantFrom('a@b.co ', CARD, ' ', 'x', '{"n":4111111111111111}', 'ß', 'sk-', 'a1B2'.repeat(6)),
    )
    fc.assert(
      fc.property(text, (parts) => {
        const given = parts.join('')
        for (const [sent, added] of [
          [masked(given), mask(said(given)).masked?.added],
          [argumentsOf(given), mask(called(given)).masked?.added],
        ] as const)
          expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(Buffer.byteLength(given) + (added ?? 0))
      }),
    )
  })
})
