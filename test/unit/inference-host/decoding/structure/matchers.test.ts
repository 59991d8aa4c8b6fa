import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import type { Matcher } from '../../../../../inference-host/decoding/structure/matcher.ts'
import { createMatchers } from '../../../../../inference-host/decoding/structure/matchers.ts'
import { packProgram } from '../../../../../inference-host/decoding/structure/packed.ts'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { STOP, schemaStructure, vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const PARAM = 'structured_outputs.regex'
const packed = (structure: Structure) => ({
  id: JSON.stringify(structure),
  program: packProgram(compileStructure(structure)),
  param: PARAM,
})
const compiled = (pattern: string) => packed({ kind: 'regex', pattern, path: PARAM.split('.') })
const { follow } = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true })

test('what only turns out with the tokens is refused with the field that asks for the structure', () => {
  const optional = Array.from({ length: 4000 }, (_, i) => `"${String.fromCharCode(97 + (i % 26))}"?`)
  const grammar = `root ::= ${optional.join(' ')}`
  expect(() => follow(packed({ kind: 'grammar', grammar, path: PARAM.split('.') }), 10)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: PARAM,
      message: 'The structure can be read in too many ways at once.',
    }),
  )
})

test('what is too long for max_tokens names max_tokens, and both numbers', () => {
  expect(() => follow(compiled('(?:0 ){40}'), 10)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param: 'max_tokens',
      message: expect.stringMatching(
        /^An answer of this structure takes \d\d tokens at least; max_tokens is 10\.$/,
      ),
    }),
  )
})

test('what is bound once is remembered', () => {
  const once = compiled('[0-9]{3}')
  expect(follow(once, 10).start().fewestTokens).toBe(4)
  expect(follow({ ...once, program: new Uint8Array() }, 10).start().fewestTokens).toBe(4)
})

/** Structures of several kinds that learn much: lists in lists, counts, names, grammars with many readings. */
const costly = (number: number): Structure =>
  [
    schemaStructure({ type: 'array', items: { type: 'string', minLength: 2, maxLength: 200 + number } }),
    schemaStructure({ type: 'object', properties: { [`a${number}`]: {} }, required: [`a${number}`] }),
    {
      kind: 'grammar',
      grammar: `root ::= "${number}" v\nv ::= "[" (v ("," v)*)? "]" | s | [0-9]{1,9}\ns ::= "'" [a-z ]* "'"`,
      path: [],
    } as const,
    {
      kind: 'grammar',
      grammar: `root ::= a{1,${900 + number}} "."\na ::= b{1,900}\nb ::= ([a-z]{1,9} | [a-z0-9]{1,9} | " "){1,90}`,
      path: [],
    } as const,
  ][number % 4] as Structure

describe('the memory of structures', () => {
  const MOST = 2 ** 24
  const LENGTH = 60

  /** Takes one step of an answer, as a model of `random` would, and gives the mask that it was offered. */
  function step(matcher: Matcher, left: number, random: () => number): number[] {
    const mask = new Int32Array(Math.ceil(vocabulary.tokens.length / 32))
    matcher.next(mask, left)
    const allowed = vocabulary.tokens.flatMap((_, id) => (allows(mask, id) ? [id] : []))
    const open = allowed.filter((id) => id !== STOP)
    const from = open.length > 0 ? open : allowed
    matcher.accept(from[Math.floor(random() * from.length)] ?? STOP)
    return allowed
  }

  test('stays within its bound, with eight answers under way, and each has the masks that it has alone', () => {
    const matchers = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true, most: MOST })
    let fullest = 0
    let forgotten = 0
    for (let round = 0; round < 4; round++) {
      const answers = Array.from({ length: 8 }, (_, place) => {
        const own = packed(costly(round * 8 + place))
        const following = matchers.follow(own, LENGTH + 30)
        const alone = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true, most: 2 ** 28 })
        return {
          following,
          matcher: following.start(),
          random: seededRandom(place),
          alone: alone.follow(own, LENGTH + 30).start(),
          like: seededRandom(place),
        }
      })
      for (let left = LENGTH + 30; left > 30; left--)
        for (const { matcher, random, alone, like } of answers) {
          const before = matchers.bytes
          const mask = step(matcher, left, random)
          expect(matchers.bytes).toBeLessThanOrEqual(MOST)
          if (matchers.bytes < before) forgotten++
          fullest = Math.max(fullest, matchers.bytes)
          expect(mask).toEqual(step(alone, left, like))
        }
      for (const { following } of answers) following.end()
      expect(matchers.bytes).toBeLessThanOrEqual(MOST)
    }
    expect(fullest).toBeGreaterThan(MOST * 0.7)
    expect(forgotten).toBeGreaterThan(10)
  })

  test('one structure alone learns within a half', () => {
    const most = 2 ** 22
    const matchers = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true, most })
    const following = matchers.follow(packed(costly(3)), 500)
    const matcher = following.start()
    const random = seededRandom(1)
    let fullest = 0
    for (let left = 500; left > 200; left--) {
      step(matcher, left, random)
      fullest = Math.max(fullest, matchers.bytes)
    }
    expect(fullest).toBeLessThanOrEqual(most / 2)
    expect(fullest).toBeGreaterThan(most / 4)
  })

  test('what no answer follows is given up for what one does, the one used the longest ago', () => {
    const [first, second, third, fourth] = [0, 4, 8, 12].map((number) => packed(costly(number)))
    if (!first || !second || !third || !fourth) throw new Error('there are four')
    const holding = (most: number) => {
      const matchers = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true, most })
      for (const one of [first, second, third, first]) matchers.follow(one, 50).end()
      return matchers
    }
    const limited = holding(holding(MOST).bytes)
    const live = limited.follow(fourth, 50)
    const isKnown = (one: typeof first) => {
      try {
        limited.follow({ ...one, program: new Uint8Array() }, 50).end()
        return true
      } catch {
        return false
      }
    }
    expect([first, second, third, fourth].map(isKnown)).toEqual([true, false, true, true])
    live.end()
  })

  test('is no less than what the process takes for them, and not much more', async () => {
    const matchers = createMatchers({ vocabulary, stopTokens: [STOP], knowsCalls: true, most: 2 ** 28 })
    // What the first one brings with it is no structure's.
    matchers.follow(packed(costly(1000)), 200).end()
    const [heldBefore, before] = [matchers.bytes, await bytesInUse()]
    for (let number = 0; number < 16; number++) {
      const following = matchers.follow(packed(costly(number)), 200)
      const [matcher, random] = [following.start(), seededRandom(number)]
      for (let left = 200; left > 60; left--) step(matcher, left, random)
      following.end()
    }
    const taken = (await bytesInUse()) - before
    const said = matchers.bytes - heldBefore
    expect(taken).toBeGreaterThan(3e6)
    expect(said / taken).toBeGreaterThan(0.9)
    expect(said / taken).toBeLessThan(1.8)
  })
})

/** Bytes that this process has in use, once nothing is left that can go. */
async function bytesInUse(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  await setImmediate()
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
