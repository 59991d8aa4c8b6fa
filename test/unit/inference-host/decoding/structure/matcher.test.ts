import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import { createAutomaton, type State } from '../../../../../inference-host/decoding/structure/automaton.ts'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { createMemory } from '../../../../../inference-host/platform/memory.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  bind,
  endless,
  generate,
  hasty,
  STOP,
  schemaStructure,
  uniform,
  vocabularyOf,
} from '../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const words = () => new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
const regex = (pattern: string): Structure => ({ kind: 'regex', pattern, path: ['regex'] })
const grammar = (source: string): Structure => ({ kind: 'grammar', grammar: source, path: ['grammar'] })
const idOf = (text: string) =>
  vocabulary.tokens.findIndex((bytes) => bytes && Buffer.from(bytes).toString() === text)

describe('a class of many single characters', () => {
  const many = Array.from({ length: 2000 }, (_, i) => String.fromCodePoint(0x4e00 + 2 * i))

  test.each([
    ['a class', `[${many.join('')}]{1,9}`],
    ['a class beside a condition', `(?!x)[${many.join('')}]`],
  ])('each of them can be written: %s', (_, pattern) => {
    const { root, nodes } = compileStructure(regex(pattern))
    const [memory, most] = [createMemory(2 ** 23), 2 ** 23]
    const automaton = createAutomaton({ program: { root, nodes }, vocabulary, memory, most })
    for (const char of many) {
      let state: State | null = automaton.start
      for (const byte of new TextEncoder().encode(char)) state = state && automaton.step(state, byte)
      expect(state?.mayEnd, char).toBe(true)
    }
  })
})

describe('the budget of tokens', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'array', items: {} } },
    required: ['a', 'b'],
  }

  test('an answer that never wants to end is whole when its last token is taken', () => {
    const structured = bind(schemaStructure(schema), vocabulary)
    for (let maxTokens = structured.fewestTokens; maxTokens < structured.fewestTokens + 40; maxTokens++) {
      const model = endless(seededRandom(maxTokens), vocabulary)
      const answer = generate(structured.start(maxTokens), vocabulary, model, maxTokens)
      expect(Object.keys(JSON.parse(answer))).toEqual(['a', 'b'])
    }
  })

  test('fewer tokens than the shortest answer takes are refused before anything is generated', () => {
    const structured = bind(schemaStructure(schema), vocabulary)
    expect(() => structured.start(structured.fewestTokens - 1)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'max_tokens' }),
    )
  })

  test('tells the tokens that were left out for lack of room, the stop token never', () => {
    const matcher = bind(regex('a*(bbbbbbbbbbbb)?'), vocabulary).start(50)
    const mask = words()
    expect(matcher.next(mask, 50)).toBeUndefined()
    const roomier = matcher.next(mask, 1)
    expect([idOf('a'), STOP].map((id) => allows(mask, id))).toEqual([false, true])
    expect([idOf('a'), STOP].map((id) => roomier && allows(roomier, id))).toEqual([true, true])
    expect(matcher.wasCut).toBe(false)
    matcher.cut()
    expect(matcher.wasCut).toBe(true)
  })

  test('the shortest answer is counted in tokens, not characters', () => {
    const { fewestTokens } = bind({ kind: 'choice', choices: ['the the the the'] }, vocabulary)
    expect(fewestTokens).toBeLessThan(8)
  })
})

describe('a matcher', () => {
  test('allows stop tokens only where the answer may end', () => {
    const matcher = bind(regex('ab?'), vocabulary).start(10)
    const mask = words()
    matcher.next(mask, 10)
    expect(allows(mask, STOP)).toBe(false)
    expect(matcher.mayEnd).toBe(false)
    matcher.accept(idOf('a'))
    matcher.next(mask, 9)
    expect(allows(mask, STOP)).toBe(true)
    expect(matcher.complete).toBe(false)
    matcher.accept(idOf('b'))
    expect(matcher.complete).toBe(true)
    matcher.accept(STOP)
    expect(matcher.terminated).toBe(true)
  })

  test('allows no special token, whatever text it looks like', () => {
    const matcher = bind(regex('.*'), vocabulary).start(50)
    const mask = words()
    matcher.next(mask, 50)
    expect([0, 1].map((id) => allows(mask, id))).toEqual([false, false])
    expect(allows(mask, idOf('<'))).toBe(true)
  })

  test('throws at a token that does not fit, and stays where it was', () => {
    const matcher = bind(regex('ab'), vocabulary).start(10)
    expect(() => matcher.accept(idOf('b'))).toThrow('does not fit')
    expect(() => matcher.accept(STOP)).toThrow('does not fit')
    matcher.accept(idOf('a'))
    matcher.accept(idOf('b'))
    expect(matcher.complete).toBe(true)
  })

  test('goes its own way beside others of the same structure', () => {
    const structured = bind(regex('a(b|c)'), vocabulary)
    const [one, other] = [structured.start(10), structured.start(10)]
    for (const matcher of [one, other]) matcher.accept(idOf('a'))
    one.accept(idOf('b'))
    expect([one.complete, other.complete]).toEqual([true, false])
    expect(() => structured.start(10).accept(idOf('b'))).toThrow('does not fit')
  })

  test('gives the same masks whatever was followed before', () => {
    const structure = schemaStructure({ type: 'array', items: { type: 'string', maxLength: 9 } })
    const answers = (warm: boolean) => {
      const structured = bind(structure, vocabulary)
      if (warm)
        for (let seed = 0; seed < 20; seed++)
          generate(structured.start(90), vocabulary, uniform(seededRandom(seed)), 90)
      return generate(structured.start(60), vocabulary, uniform(seededRandom(99)), 60)
    }
    expect(answers(true)).toBe(answers(false))
  })
})

describe('a mask', () => {
  /** Every token is tried by itself. */
  test('allows exactly the tokens that can follow', () => {
    const structure = schemaStructure({
      type: 'object',
      properties: { a: { type: 'string', maxLength: 30 }, b: { type: 'number' } },
      required: ['a'],
    })
    const structured = bind(structure, vocabulary)
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 25 }), (seed, steps) => {
        const model = uniform(seededRandom(seed))
        const matcher = structured.start(1000)
        const taken: number[] = []
        const mask = words()
        for (let step = 0; step < steps && !matcher.complete; step++) {
          matcher.next(mask, 1000)
          const token = model(
            vocabulary.tokens.flatMap((_, id) => (allows(mask, id) && id !== STOP ? [id] : [])),
          )
          matcher.accept(token)
          taken.push(token)
        }
        matcher.next(mask, 1000)
        for (const id of vocabulary.tokens.keys()) {
          if (id === STOP) continue
          const again = structured.start(1000)
          for (const token of taken) again.accept(token)
          let follows = true
          try {
            again.accept(id)
          } catch {
            follows = false
          }
          expect(allows(mask, id)).toBe(follows)
        }
      }),
      { numRuns: 4, seed: 4 },
    )
  })

  test.each([
    [
      'nested counts',
      'root ::= a{1,900} "."\na ::= b{1,900}\nb ::= ([a-z]{1,9} | [a-z0-9]{1,9} | " "){1,900}',
    ],
    ['a rule within itself, three ways', 'root ::= "." | [a-z0-9 ] root root? root? "."?'],
  ])('is bounded work for a grammar that can be read in very many ways: %s', (_, source) => {
    const structured = bind(grammar(source), vocabulary)
    const answer = generate(structured.start(40), vocabulary, endless(seededRandom(5), vocabulary), 40)
    expect(answer).toMatch(/^[a-z0-9 ]+\.+$/)
  })

  test('goes on for thousands of characters', () => {
    const structured = bind(schemaStructure({ type: 'string', maxLength: 20_000 }), vocabulary)
    const answer = generate(structured.start(1500), vocabulary, endless(seededRandom(5), vocabulary), 1500)
    expect([...JSON.parse(answer)].length).toBeGreaterThan(2500)
  })
})

describe('regular expressions', () => {
  test.each([
    '[a-z]+@[a-z]+\\.(com|org)',
    '^\\d{4}-\\d{2}$',
    '(yes|no|may(be)?)',
    '[^a-z\\s]{3,7}',
    '\\w+(?:, \\w+)*',
    'x{2}|y{3,}?|[\\u0041-\\u{43}]+',
    '.{0,12}é?(?<name>日|本)*',
    '[-\\]\\\\^]{1,4}',
    '',
  ])('/%s/ is what every answer matches as a whole', (pattern) => {
    const structured = bind(regex(pattern), vocabulary)
    const expected = new RegExp(`^(?:${pattern})$`, 'u')
    for (let seed = 0; seed < 6; seed++)
      for (const model of [uniform(seededRandom(seed)), hasty(seededRandom(seed), vocabulary)])
        expect(generate(structured.start(40), vocabulary, model, 40)).toMatch(expected)
  })

  test.each([
    '(',
    'a)',
    '[a',
    '*',
    'a**',
    '(?<!a)b',
    '(?i:a)',
    '\\1',
    '\\',
    'a{,2}',
    '[z-a]',
    '\\p{Nothing}',
    'a^b',
    '[\\x01]',
  ])('/%s/ is refused', (pattern) => {
    expect(() => bind(regex(pattern), vocabulary)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'regex' }),
    )
  })
})

describe('grammars', () => {
  test('are followed, recursion included', () => {
    const source = `# sums
      root ::= term (" " [+*/-] " " term){0,3}
      term ::= [0-9]{1,3} | "(" root ")" | name
      name ::= [a-c_] [^\\x00-\\x2f:-\\u{10ffff}]?`.replace('\\u{10ffff}', '\\U0010ffff')
    const structured = bind(grammar(source), vocabulary)
    for (let seed = 0; seed < 20; seed++) {
      const answer = generate(structured.start(60), vocabulary, uniform(seededRandom(seed)), 60)
      expect(answer).toMatch(/^[0-9a-c_()+*/ -]+$/)
      expect(answer.split('(').length).toBe(answer.split(')').length)
    }
  })

  test.each([
    ['no root', 'a ::= "b"', 'no rule "root"'],
    ['a rule that is not defined', 'root ::= a', 'line 1, column 10: a rule that is not defined'],
    ['a rule twice', 'root ::= "a"\n  root ::= "b"', 'line 2, column 3:'],
    ['a rule that begins with itself', 'root ::= root "a" | "b"', 'begins with itself'],
    ['rules that begin with one another', 'root ::= "x"? a\na ::= root "y" | "z"', 'begins with itself'],
    ['a rule that never ends', 'root ::= "a" root', 'ever ends'],
    ['a repeat of what may be empty', 'root ::= ("a"?)*', 'may be empty'],
    ['a lookahead', 'root ::= "a" (="b")', 'line 1'],
    ['a group that is not closed', 'root ::= ("a"', 'not closed'],
    ['control characters', 'root ::= "\\x01"', 'control'],
  ])('with %s are refused', (_, source, message) => {
    expect(() => bind(grammar(source), vocabulary)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: 'grammar',
        message: expect.stringContaining(message),
      }),
    )
  })

  test.each([
    'secret',
    'root secret ::= "a"',
    'root ::= secret',
    'secret ::= "a"\nsecret ::= "b"',
    'secret ::= "a"',
    'root ::= secret\nsecret ::= secret "a"',
    'root ::= secret\nsecret ::= "a" secret',
    'root ::= "secret',
    "root ::= 'secret'",
    'root ::= (secret',
    'root ::= "a" )secret',
    'root ::= "\\secret"',
    'root ::= [\\secret]',
  ])('are refused without a word of theirs: %s', (source) => {
    const message = expect.not.stringMatching(/secr/)
    expect(() => bind(grammar(source), vocabulary)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message }),
    )
  })
})

describe('a grammar whose rules each double their readings', () => {
  /** Each rule is the next one, or the next one twice. */
  const doubling = (rules: number, last = '[a-z]*') =>
    [
      ...Array.from({ length: rules }, (_, i) => `r${i} ::= r${i + 1} | r${i + 1} r${i + 1}`),
      `r${rules} ::= ${last}`,
    ].join('\n')

  test.each([14, 20, 25, 60])('of %i rules is refused before it fills the memory', (rules) => {
    const start = () => bind(grammar(`root ::= r0\n${doubling(rules)}`), vocabulary).start(100)
    expect(start).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  test('is followed while its readings can be counted', () => {
    expect(bind(grammar(`root ::= r0\n${doubling(4)}`), vocabulary).start(100).fewestTokens).toBe(1)
  })

  const optional = Array.from({ length: 3000 }, (_, i) => `"${String.fromCharCode(97 + (i % 26))}"?`)
  const branches = [...'abcdefghij'].map((letter) => `"${letter}" r0`)

  /** What is ambiguous only once something is written, and what each answer looks like. */
  test.each<[string, string, RegExp]>([
    ['which may all be empty', `root ::= "." r0\n${doubling(14)}`, /^\.[a-z]*$/],
    ['thirty of them', `root ::= "." r0\n${doubling(30)}`, /^\.[a-z]*$/],
    ['none of which may be empty', `root ::= "." r0 "!"\n${doubling(16, '[a-z]')}`, /^\.[a-z]+!$/],
    [
      'of words that begin alike',
      `root ::= "." r0 "!"\n${doubling(13, '"the " | "then " | "th" | [a-z]')}`,
      /^\.(the |then |th|[a-z])+!$/,
    ],
    ['a long row of optional parts', `root ::= "." o "!"\no ::= ${optional.join(' ')}`, /^\.[a-z]*!$/],
    ['behind each of several letters', `root ::= ${branches.join(' | ')}\n${doubling(14)}`, /^[a-j][a-z]*$/],
  ])('goes on once the answer has begun, with fewer ways to read it: %s', (_, source, written) => {
    const structured = bind(grammar(source), vocabulary)
    for (const room of [0, 1, 12]) {
      const most = structured.fewestTokens + room
      for (const model of [
        uniform(seededRandom(room)),
        endless(seededRandom(room), vocabulary),
        hasty(seededRandom(room), vocabulary),
      ])
        expect(generate(structured.start(most), vocabulary, model, most)).toMatch(written)
    }
  })

  test('gives one answer to one seed, whatever was followed and forgotten before', () => {
    const source = `root ::= "." r0 "!"\n${doubling(13, '"the " | "then " | "th" | [a-z]')}`
    const structured = bind(grammar(source), vocabulary)
    const answer = () => generate(structured.start(16), vocabulary, uniform(seededRandom(3)), 16)
    const first = answer()
    for (let seed = 4; seed < 7; seed++)
      generate(structured.start(16), vocabulary, uniform(seededRandom(seed)), 16)
    expect(answer()).toBe(first)
    structured.forget()
    expect(answer()).toBe(first)
  })

  test('follows a token that only ways allow which are too many to be followed together', () => {
    // Each "t" is one part of 900 or half of one: after 300 of them there are 150 counts, and as many ways to go on.
    const source = 'root ::= r{0,900} "."\nr ::= ([t] | [t] [t]) ([h] "zzzzzzzzzzzzzzz")?'
    const matcher = bind(grammar(source), vocabulary).start(2000)
    const mask = words()
    for (let left = 2000; left > 1700; left--) {
      matcher.next(mask, left)
      matcher.accept(idOf('t'))
    }
    matcher.next(mask, 1700)
    expect(allows(mask, idOf('th'))).toBe(true)
    matcher.accept(idOf('th'))
    matcher.next(mask, 1699)
    expect(['z', 't', '.'].map((text) => allows(mask, idOf(text)))).toEqual([true, false, false])
  })
})
