import { describe, expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import { createAutomaton, type State } from '../../../../../inference-host/decoding/structure/automaton.ts'
import { compileStructure } from '../../../../../inference-host/decoding/structure/compile.ts'
import { computeMask, maskBytes } from '../../../../../inference-host/decoding/structure/mask.ts'
import { createMemory } from '../../../../../inference-host/platform/memory.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)

function automatonOf(grammar: string) {
  const program = compileStructure({ kind: 'grammar', grammar, path: [] })
  return createAutomaton({ program, vocabulary, memory: createMemory(2 ** 24), most: 2 ** 24 })
}

/** Where each token leads, followed by itself. */
function leads(
  automaton: ReturnType<typeof automatonOf>,
  from: State,
  tokens: Iterable<number> = vocabulary.tokens.keys(),
): Map<number, State> {
  const found = new Map<number, State>()
  for (const id of tokens) {
    const bytes = vocabulary.tokens[id]
    if (bytes === undefined) continue
    let to: State | null = from
    for (const byte of bytes) to = to && automaton.step(to, byte)
    if (to !== null) found.set(id, to)
  }
  return found
}

describe('the tokens that may follow', () => {
  const automaton = automatonOf('root ::= [a-z ]* ("." | "!" [0-9]{9})')

  test.each([Number.POSITIVE_INFINITY, 8, 3, 1])('leave at most %d tokens to the end', (limit) => {
    const { words, worst } = computeMask(automaton, vocabulary, automaton.start, limit)
    const to = leads(automaton, automaton.start)
    const fitting = [...to].filter(([, { tokens }]) => tokens <= limit)
    const allowed = vocabulary.tokens.flatMap((_, id) => (allows(words, id) ? [id] : []))
    expect(allowed).toEqual(fitting.map(([id]) => id).sort((a, b) => a - b))
    expect(worst).toBe(Math.max(...fitting.map(([, { tokens }]) => tokens)))
  })

  test('hold the one towards the shortest end, though nothing fits', () => {
    const { words, worst } = computeMask(automaton, vocabulary, automaton.start, -1)
    const point = vocabulary.ofByte[46] ?? -1
    expect(vocabulary.tokens.flatMap((_, id) => (allows(words, id) ? [id] : []))).toEqual([point])
    expect(worst).toBe(0)
  })
})

test('where each letter begins thousands of readings, fewer are looked at, and all that are allowed can follow', () => {
  const rules = Array.from({ length: 14 }, (_, i) => `r${i} ::= r${i + 1} | r${i + 1} r${i + 1}`)
  const letters = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `"${letter}" r0 "${letter}."`)
  const automaton = automatonOf(`root ::= ${letters.join(' | ')}\n${rules.join('\n')}\nr14 ::= [a-z]`)
  const { words } = computeMask(automaton, vocabulary, automaton.start, Number.POSITIVE_INFINITY)
  const allowed = vocabulary.tokens.flatMap((_, id) => (allows(words, id) ? [id] : []))
  const to = leads(automaton, automaton.start, allowed)
  expect([...to.keys()]).toEqual(allowed)
  // Each state behind a letter passes 4,096 cells, so three of them are looked at: two letters, and what follows the first.
  expect(new Set(allowed.map((id) => vocabulary.tokens[id]?.[0])).size).toBe(2)
})

test('a mask takes a bit for each token', () => {
  const automaton = automatonOf('root ::= "a"')
  const made = computeMask(automaton, vocabulary, automaton.start, Number.POSITIVE_INFINITY)
  expect(maskBytes(made)).toBeGreaterThanOrEqual(vocabulary.tokens.length / 8)
  expect(maskBytes(made)).toBeLessThan(vocabulary.tokens.length / 8 + 200)
})
