import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswerGuard } from '../../../../edge/guard/answer.ts'
import { type Finding, policyOf } from '../../../../edge/guard/policy.ts'
import { Guards } from '../../../../shared/catalog.ts'

const BLOCKS = Guards.parse({ pii: { out: 'block' }, blocklist: { words: ['secret plan'], out: 'flag' } })

function guardOf(guards: Guards = BLOCKS, answers = 1) {
  const findings: Finding[] = []
  const policy = policyOf({ guards })
  if (!policy) throw new Error('there are guards')
  return {
    guard: createAnswerGuard(policy.out, { answers, writing: 'plain' }, (finding) => findings.push(finding)),
    findings,
  }
}

type Delta = { role?: string; content?: string; tool_calls?: object[] }
const chunk = (delta: Delta, finish: string | null = null, index = 0) => ({
  id: 'c1',
  created: 1,
  choices: [{ index, delta, logprobs: null, finish_reason: finish }],
})
const call = (index: number, given: string, id?: string) => ({
  index,
  ...(id && { id, type: 'function' }),
  function: { ...(id && { name: 'send' }), arguments: given },
})

/** What a client has in the end of the chunks of one choice. */
function gathered(chunks: readonly (object | undefined)[]) {
  const end = {
    content: '',
    calls: [] as string[],
    finish: null as string | null,
    rule: undefined as string | undefined,
  }
  for (const one of chunks as {
    choices: {
      delta: { content?: string; tool_calls?: ReturnType<typeof call>[] }
      finish_reason: string | null
      content_filter?: { rule: string }
    }[]
  }[])
    for (const { delta, finish_reason, content_filter } of one?.choices ?? []) {
      end.content += delta.content ?? ''
      for (const part of delta.tool_calls ?? [])
        end.calls[part.index] = (end.calls[part.index] ?? '') + part.function.arguments
      end.finish = finish_reason ?? end.finish
      end.rule = content_filter?.rule ?? end.rule
    }
  return end
}

describe('a guard of answers', () => {
  const piece = fc.constantFrom(
    'hello ',
    '4111 1111 ',
    '1111 1111',
    '.',
    'ann@',
    'example.com',
    'secret ',
    'plan',
    '{"a":"',
    '"}',
    '+49 170 12345',
    '\\u0040',
    '\\\\u00',
    '40',
    '\\',
    'n',
  )
  const anyPieces = fc.array(piece, { maxLength: 12 })

  it('gives of a stream what it gives of the whole answer, whatever the chunks', () => {
    fc.assert(
      fc.property(anyPieces, fc.array(anyPieces, { maxLength: 3 }), (content, calls) => {
        const { guard, findings } = guardOf()
        const stream = guard.stream()
        const chunks = [
          stream.chunk(chunk({ role: 'assistant', content: '' })),
          ...content.map((text) => stream.chunk(chunk({ content: text }))),
          ...calls.flatMap((parts, i) => [
            stream.chunk(chunk({ tool_calls: [call(i, '', `call_${i}`)] })),
            ...parts.map((text) => stream.chunk(chunk({ tool_calls: [call(i, text)] }))),
          ]),
          stream.chunk(chunk({}, 'stop')),
        ]
        const streamed = gathered(chunks)

        const other = guardOf()
        const message = {
          role: 'assistant',
          content: content.join(''),
          tool_calls: calls.map((parts, i) => call(i, parts.join(''), `call_${i}`)),
        }
        const whole = other.guard.whole({ choices: [{ index: 0, message, finish_reason: 'stop' }] }) as {
          choices: {
            message: { content: string; tool_calls?: { function: { arguments: string } }[] }
            finish_reason: string
            content_filter?: { rule: string }
          }[]
        }
        const [choice] = whole.choices
        expect(streamed).toEqual({
          content: choice?.message.content,
          calls: (choice?.message.tool_calls ?? []).map((one) => one.function.arguments),
          finish: choice?.finish_reason,
          rule: choice?.content_filter?.rule,
        })
        expect(findings).toEqual(other.findings)
        expect(stream.over).toBe(streamed.finish === 'content_filter')
      }),
      { numRuns: 500 },
    )
  })

  it('finds what is written with escapes of JSON, however deep, streamed and whole alike', () => {
    const how = fc.constantFrom('', '\\u', '\\\\u', '\\\\\\\\u')
    const hex = fc.boolean()
    const secret = fc.constantFrom('ann@example.com', '4111 1111 1111 1111', 'blue sky')
    const size = fc.integer({ min: 1, max: 9 })
    const guards = Guards.parse({ pii: { out: 'block' }, blocklist: { words: ['blue sky'], out: 'block' } })
    fc.assert(
      fc.property(
        secret,
        fc.infiniteStream(how),
        hex,
        fc.infiniteStream(size),
        (text, hows, upper, sizes) => {
          const written = [...text].map((char) => {
            const begin = hows.next().value ?? ''
            const code = char.charCodeAt(0).toString(16).padStart(4, '0')
            return begin === '' ? char : `${begin}${upper ? code.toUpperCase() : code}`
          })
          const said = `{"to":"${written.join('')}"}`
          const pieces: string[] = []
          for (let at = 0; at < said.length; ) {
            const next = at + (sizes.next().value ?? 1)
            pieces.push(said.slice(at, next))
            at = next
          }
          for (const inCall of [false, true]) {
            const { guard } = guardOf(guards)
            const stream = guard.stream()
            const delta = (one: string, i: number) =>
              inCall ? { tool_calls: [call(0, one, i === 0 ? 'c1' : undefined)] } : { content: one }
            const { content, calls, finish } = gathered([
              ...pieces.map((one, i) => stream.chunk(chunk(delta(one, i)))),
              stream.chunk(chunk({}, 'stop')),
            ])
            expect([content, calls, finish]).toEqual([
              inCall ? '' : '{"to":"',
              inCall ? ['{"to":"'] : [],
              'content_filter',
            ])
            const message = inCall ? { tool_calls: [call(0, said, 'c1')] } : { content: said }
            expect(JSON.stringify(guard.whole({ choices: [{ message, finish_reason: 'stop' }] }))).toContain(
              JSON.stringify('{"to":"'),
            )
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('reads an answer both as it is written and as JSON in it', () => {
    const guards = Guards.parse({ blocklist: { words: ['nato'], out: 'block' } })
    for (const said of ['\\nato', 'x\\u006eato', 'na\\u0074o', '\\bnato'].map((one) => `at ${one}`)) {
      const { guard } = guardOf(guards)
      const whole = guard.whole({ choices: [{ message: { content: said }, finish_reason: 'stop' }] })
      expect([said, JSON.stringify(whole).includes('content_filter')]).toEqual([said, !said.includes('x')])
    }
  })

  it('ends a choice where something is blocked, and tells the rule only', () => {
    const { guard, findings } = guardOf()
    const stream = guard.stream()
    const parts = ['My address is ', 'ann@exam', 'ple.com', ', write', ' soon']
    const chunks = parts.map((content) => stream.chunk(chunk({ content })))
    expect(gathered(chunks)).toEqual({
      content: 'My address is ',
      calls: [],
      finish: 'content_filter',
      rule: 'pii.email',
    })
    expect(JSON.stringify(chunks)).not.toContain('ann')
    expect(stream.over).toBe(true)
    expect(findings).toEqual([{ way: 'out', rule: 'pii.email', blocked: true }])
  })

  it('lets other choices go on, and is over when all have ended', () => {
    const { guard } = guardOf(BLOCKS, 2)
    const stream = guard.stream()
    stream.chunk(chunk({ content: 'ann@example.com, ' }, null, 0))
    expect(stream.over).toBe(false)
    expect(gathered([stream.chunk(chunk({ content: 'fine ' }, null, 1))]).content).toBe('fine ')
    expect(stream.chunk(chunk({ content: 'more' }, null, 0))).toBeUndefined()
    stream.chunk(chunk({ content: 'end' }, 'stop', 1))
    expect(stream.over).toBe(true)
  })

  it('only tells of what is flagged, and holds nothing back for it', () => {
    const { guard, findings } = guardOf(Guards.parse({ pii: { out: 'flag', find: ['email'] } }))
    const stream = guard.stream()
    expect(stream.chunk(chunk({ content: 'ann@exam' }))).toEqual(chunk({ content: 'ann@exam' }))
    expect(stream.chunk(chunk({ content: 'ple.com' }, 'stop'))).toEqual(chunk({ content: 'ple.com' }, 'stop'))
    expect(findings).toEqual([{ way: 'out', rule: 'pii.email', blocked: false }])
  })

  it.each([
    ['an escaped @', ['{"to":"ann\\u00', '40example.com"}'], '{"to":"'],
    ['a key behind an escaped line end', ['{"text":"\\nsk-', 'a1B2'.repeat(8), '"}'], '{"text":"\\n'],
    ['a card of escaped digits', ['{"n":"\\u0034111 1111 1111 1111"}'], '{"n":"'],
  ])('finds in arguments %s', (_, parts, before) => {
    const { guard } = guardOf()
    const stream = guard.stream()
    const streamed = gathered([
      stream.chunk(chunk({ tool_calls: [call(0, '', 'c1')] })),
      ...parts.map((part) => stream.chunk(chunk({ tool_calls: [call(0, part)] }))),
      stream.chunk(chunk({}, 'tool_calls')),
    ])
    expect([streamed.calls, streamed.finish]).toEqual([[before], 'content_filter'])
    const message = { role: 'assistant', content: null, tool_calls: [call(0, parts.join(''), 'c1')] }
    expect(guard.whole({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] })).toMatchObject({
      choices: [
        { message: { tool_calls: [{ function: { arguments: before } }] }, finish_reason: 'content_filter' },
      ],
    })
  })

  it('finds what goes on behind another text, and a call by its name', () => {
    const { guard } = guardOf()
    const stream = guard.stream()
    const { calls, finish } = gathered([
      stream.chunk(chunk({ tool_calls: [call(0, '4111 1111', 'c1')] })),
      stream.chunk(chunk({ tool_calls: [call(1, '{}', 'c2')] })),
      stream.chunk(chunk({ tool_calls: [call(0, ' 1111 1111"')] })),
    ])
    expect([calls, finish]).toEqual([['4111 1111', '{}'], 'content_filter'])
    const named = { ...call(0, '{}', 'c1'), function: { name: '4111111111111111', arguments: '{}' } }
    const one = guard.stream().chunk(chunk({ tool_calls: [named] }))
    const whole = guard.whole({ choices: [{ message: { tool_calls: [named] }, finish_reason: 'stop' }] })
    for (const answer of [one, whole]) {
      expect(JSON.stringify(answer)).toContain('content_filter')
      expect(JSON.stringify(answer)).not.toContain('4111')
    }
  })

  it('lets nothing pass beside itself: fields that it does not know, log probabilities', () => {
    const { guard } = guardOf()
    const beside = { reasoning_content: 'ann@example.com', refusal: 'ann@example.com', content: 'fine' }
    const logprobs = { content: [{ token: 'ann@example.com' }] }
    const streamed = guard
      .stream()
      .chunk({ choices: [{ index: 0, delta: beside, logprobs, finish_reason: 'stop' }] })
    const whole = guard.whole({ choices: [{ index: 0, message: beside, logprobs, finish_reason: 'stop' }] })
    for (const answer of [streamed, whole]) expect(JSON.stringify(answer)).not.toContain('ann@')
  })

  it('says that it ended a choice, even where the model had come to a stop string', () => {
    const { guard } = guardOf()
    const ended = { finish_reason: 'stop', stop_reason: 'END' }
    const whole = guard.whole({ choices: [{ index: 0, message: { content: 'ann@example.com' }, ...ended }] })
    const streamed = guard
      .stream()
      .chunk({ choices: [{ index: 0, delta: { content: 'ann@example.com' }, ...ended }] })
    for (const answer of [streamed, whole]) expect(JSON.stringify(answer)).not.toContain('END')
  })

  it('takes no vector for a key', () => {
    const embedding = Buffer.from(Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)).buffer).toString(
      'base64',
    )
    const answer = { object: 'list', data: [{ object: 'embedding', index: 0, embedding }] }
    expect(guardOf().guard.whole(answer)).toEqual(answer)
  })

  it('looks through completions, and through answers of tasks, which are blocked as a whole', () => {
    const { guard } = guardOf()
    expect(
      guard.whole({ choices: [{ index: 0, text: 'at ann@example.com', finish_reason: 'stop' }] }),
    ).toMatchObject({
      choices: [{ text: 'at ', finish_reason: 'content_filter', content_filter: { rule: 'pii.email' } }],
    })
    expect(() => guard.whole([{ summary_text: 'at ann@example.com' }])).toThrow(
      expect.objectContaining({ code: 'content_blocked' }),
    )
    expect(guard.whole([{ label: 'POSITIVE', score: 0.5 }])).toEqual([{ label: 'POSITIVE', score: 0.5 }])
  })
})

it("a foreign model's refusal is looked through as its content, whole and in pieces", () => {
  const said = 'I will not write to ada@example.com today.'
  const refusing = { role: 'assistant', content: null, refusal: said }
  const whole = guardOf().guard.whole({ choices: [{ index: 0, message: refusing, finish_reason: 'stop' }] })
  const { guard } = guardOf()
  const stream = guard.stream()
  const pieces = [...said].map((refusal) =>
    stream.chunk({ choices: [{ index: 0, delta: { refusal }, finish_reason: null }] }),
  )
  for (const told of [whole, pieces]) {
    expect(JSON.stringify(told)).toContain('content_filter')
    expect(JSON.stringify(told)).not.toMatch(/example|ada@/)
  }
})
