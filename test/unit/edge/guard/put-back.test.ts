import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswerGuard } from '../../../../edge/guard/answer.ts'
import { maskRequest } from '../../../../edge/guard/mask.ts'
import { ALL_WHOLE, type Finding, policyOf } from '../../../../edge/guard/policy.ts'
import { createPutBack } from '../../../../edge/guard/put-back.ts'
import { Guards } from '../../../../shared/catalog.ts'

const NONE = { blocks: [], flags: [] }
const VALUES = { '[EMAIL_1]': 'ann@example.com', '[EMAIL_12]': 'bob@example.com', '[SECRET_1]': 'a"b\\c\nd' }

/** A guard that puts these values back, beside what it looks for. */
function guardOf(values: Record<string, string> = VALUES, guards?: object) {
  const out = (guards && policyOf({ guards: Guards.parse(guards) })?.out) ?? NONE
  const findings: Finding[] = []
  const putBack = createPutBack(new Map(Object.entries(values)))
  const guard = createAnswerGuard({ ...out, putBack }, { answers: 1, writing: 'plain' }, (one) =>
    findings.push(one),
  )
  return { guard, findings }
}

type Chunk = {
  choices: {
    delta?: { content?: string; tool_calls?: { index: number; function: { arguments: string } }[] }
    message?: { content: string; tool_calls?: { function: { arguments: string } }[] }
    finish_reason?: string
    stop_reason?: string
  }[]
}
const chunkOf = (delta: object, more: object = {}) => ({
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
})
/** What a client has of pieces of one text, or of the arguments of one call. */
function streamed(pieces: readonly string[], as: 'content' | 'arguments', { guard } = guardOf()): string {
  const stream = guard.stream()
  const delta = (piece: string) =>
    as === 'content' ? { content: piece } : { tool_calls: [{ index: 0, function: { arguments: piece } }] }
  const chunks = [
    ...pieces.map((piece) => stream.chunk(chunkOf(delta(piece)))),
    stream.chunk(chunkOf({}, { finish_reason: 'stop' })),
  ]
  return (chunks as (Chunk | undefined)[])
    .flatMap((one) => one?.choices ?? [])
    .map(
      ({ delta: said }) =>
        (as === 'content'
          ? said?.content
          : said?.tool_calls?.map((one) => one.function.arguments).join('')) ?? '',
    )
    .join('')
}
function whole(text: string, as: 'content' | 'arguments', { guard } = guardOf()): string {
  const message =
    as === 'content'
      ? { content: text }
      : { content: null, tool_calls: [{ function: { name: 'f', arguments: text } }] }
  const [choice] = (guard.whole({ choices: [{ message, finish_reason: 'stop' }] }) as Chunk).choices
  return (
    (as === 'content' ? choice?.message?.content : choice?.message?.tool_calls?.[0]?.function.arguments) ?? ''
  )
}
/** A text in pieces that end at these places. */
function cut(text: string, at: readonly number[]): string[] {
  const places = [0, ...at.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  return places.slice(1).map((end, i) => text.slice(places[i], end))
}

describe('an answer', () => {
  it.each([
    ['a placeholder', 'Write to [EMAIL_1]!', 'Write to ann@example.com!'],
    ['the same one often', '[EMAIL_1][EMAIL_1]', 'ann@example.comann@example.com'],
    ['one whose begin is another', '[EMAIL_12] [EMAIL_1]', 'bob@example.com ann@example.com'],
    [
      'one that was not in the request',
      '[EMAIL_2] [CARD_1] [EMAIL_123] [IBAN_1]',
      '[EMAIL_2] [CARD_1] [EMAIL_123] [IBAN_1]',
    ],
    [
      'one of another form',
      '[email_1] EMAIL_1 [EMAIL 1] [EMAIL_01] [EMAIL_1 [EMAIL_-1]',
      '[email_1] EMAIL_1 [EMAIL 1] [EMAIL_01] [EMAIL_1 [EMAIL_-1]',
    ],
    ['one within brackets', '[[EMAIL_1]] [[[EMAIL_1]', '[ann@example.com] [[ann@example.com'],
    ['one in letters of full width', '［ＥＭＡＩＬ＿１］', 'ann@example.com'],
    ['one with what nobody sees in it', '[EMA\u200bIL_1]', 'ann@example.com'],
    ['one as the name of a property', '[__proto___1] [constructor_1]', '[__proto___1] [constructor_1]'],
    ['a begin alone', 'so [EMAIL_', 'so [EMAIL_'],
  ])('has for %s what was masked in this request, and no more', (_, said, told) => {
    expect(whole(said, 'content')).toBe(told)
    for (const size of [1, 2, 3, 7, 100])
      expect(streamed(said.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [], 'content')).toBe(told)
  })

  it.each([
    ['a value with quotes', '{"k":"[SECRET_1]"}', '{"k":"a\\"b\\\\c\\nd"}'],
    ['an escaped placeholder', '{"to":"\\u005bEMAIL\\u005f1\\u005d"}', '{"to":"ann@example.com"}'],
    [
      'escapes around it',
      '{"to":"\\"[EMAIL_1]\\n\\\\[EMAIL_1]"}',
      '{"to":"\\"ann@example.com\\n\\\\ann@example.com"}',
    ],
  ])('has in the arguments of a call %s as JSON', (_, said, told) => {
    expect(whole(said, 'arguments')).toBe(told)
    for (const size of [1, 2, 5])
      expect(streamed(said.match(new RegExp(`.{1,${size}}`, 'g')) ?? [], 'arguments')).toBe(told)
    expect(() => JSON.parse(told)).not.toThrow()
  })

  it('whose placeholder is interrupted by a call keeps it as the model wrote it', () => {
    const stream = guardOf().guard.stream()
    const call = { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{}' } }] }
    const chunks = [{ content: 'to [EMA' }, call, { content: 'IL_1], [EMAIL_1]' }].map((delta) =>
      stream.chunk(chunkOf(delta)),
    )
    chunks.push(stream.chunk(chunkOf({}, { finish_reason: 'stop' })))
    const said = (chunks as (Chunk | undefined)[])
      .flatMap((one) => one?.choices[0]?.delta?.content ?? [])
      .join('')
    expect(said).toBe('to [EMAIL_1], ann@example.com')
  })

  it('holds back no more than what may become a placeholder', () => {
    const stream = guardOf().guard.stream()
    const told = (content: string) =>
      (stream.chunk(chunkOf({ content })) as Chunk | undefined)?.choices[0]?.delta?.content
    expect(['all of it', ' [EMAIL_1', ']', ' [not one', '[[[[', 'x'].map(told)).toEqual([
      'all of it',
      ' ',
      'ann@example.com',
      ' [not one',
      '[[[',
      '[x',
    ])
  })

  it('says a stop string as the client knows it, and what is no text as it is', () => {
    const { guard } = guardOf()
    const ended = { finish_reason: 'stop', stop_reason: '[EMAIL_1]' }
    const answers = [
      guard.whole({ choices: [{ message: { content: 'x' }, ...ended }] }),
      guard.stream().chunk(chunkOf({ content: 'x' }, ended)),
    ] as Chunk[]
    expect(answers.map(({ choices }) => choices[0]?.stop_reason)).toEqual([
      'ann@example.com',
      'ann@example.com',
    ])
    expect(guard.whole({ choices: [{ message: { content: null, tool_calls: null } }] })).toEqual({
      choices: [{ index: 0, message: { content: null } }],
    })
    expect(guard.whole([{ summary_text: 'of [EMAIL_1]', score: 1 }])).toEqual([
      { summary_text: 'of ann@example.com', score: 1 },
    ])
  })

  it('does not grow without bounds, however often a long value is asked for', () => {
    const values = { '[SECRET_1]': 'k'.repeat(100_000) }
    const told = whole('[SECRET_1]'.repeat(1000), 'content', guardOf(values))
    expect(told.length).toBeLessThan(1024 * 1024 + 10_000)
    expect(told.endsWith('[SECRET_1]')).toBe(true)
  })

  it('is looked through as the model wrote it: what was taken out is no find, and hides none', () => {
    const guards = { pii: { out: 'block' }, blocklist: { words: ['email', 'example'], out: 'block' } }
    const { guard, findings } = guardOf(VALUES, guards)
    const said = 'to [EMAIL_1] and [EMAIL_2]'
    expect(whole(said, 'content', { guard, findings })).toBe('to ann@example.com and [')
    expect(findings).toEqual([{ way: 'out', rule: 'blocklist', blocked: true }])
    expect(streamed([...'[EMAIL_1], but eve@example.com'], 'content', guardOf(VALUES, guards))).toBe(
      'ann@example.com, but ',
    )
    const flags = guardOf(VALUES, { pii: { out: 'flag' } })
    expect(streamed(['[EMAIL_1]'], 'content', flags)).toBe('ann@example.com')
    expect(flags.findings).toEqual([])
  })
})

describe('a model that says what it was told gives the client what the client said', () => {
  const piece = fc.constantFrom(
    'hello ',
    'ann@example.com ',
    'ANN@example.com+491701234567 ',
    '4111 1111 1111 1111/',
    '+49 170 1234567 ',
    ` sk-${'a1B2'.repeat(8)} `,
    '[EMAIL_1]',
    '[',
    '"',
    '\\',
    '\n',
    'ann＠example.com ',
    'x\u200by@z\u00ad.de ',
    '😀',
  )
  const said = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''))
  const places = fc.array(fc.nat({ max: 400 }), { maxLength: 12 })
  const guardFor = (request: object) => {
    const found = maskRequest(request, ALL_WHOLE, () => {})
    const direction = { ...NONE, putBack: found?.putBack ?? createPutBack(new Map()) }
    return {
      guard: createAnswerGuard(direction, { answers: 1, writing: 'plain' }, () => {}),
      findings: [],
      sent: found?.request ?? request,
    }
  }

  it('as text, whatever the chunks', () => {
    fc.assert(
      fc.property(said, places, (content, at) => {
        const world = guardFor({ messages: [{ role: 'user', content }] })
        const [{ content: sent } = { content: '' }] = (world.sent as { messages: { content: string }[] })
          .messages
        expect(sent).not.toMatch(/@example|4111|a1B2|4917/)
        expect(whole(sent, 'content', world)).toBe(content)
        expect(streamed(cut(sent, at), 'content', world)).toBe(content)
      }),
      { numRuns: 300 },
    )
  })

  it('as arguments, whatever the chunks and escapes', () => {
    fc.assert(
      fc.property(fc.dictionary(said, said, { maxKeys: 3 }), places, fc.boolean(), (given, at, escaped) => {
        const text = JSON.stringify(given)
        const world = guardFor({ messages: [{ tool_calls: [{ function: { name: 'f', arguments: text } }] }] })
        const [message] = (
          world.sent as { messages: { tool_calls: { function: { arguments: string } }[] }[] }
        ).messages
        const sent = message?.tool_calls[0]?.function.arguments ?? ''
        expect(sent).not.toMatch(/@example|4111|a1B2|4917/)
        // Some servers write brackets as escapes.
        const told = escaped ? JSON.stringify(JSON.parse(sent)).replaceAll('[', '\\u005B') : sent
        expect(JSON.parse(whole(told, 'arguments', world))).toEqual(given)
        expect(JSON.parse(streamed(cut(told, at), 'arguments', world))).toEqual(given)
      }),
      { numRuns: 300 },
    )
  })
})
