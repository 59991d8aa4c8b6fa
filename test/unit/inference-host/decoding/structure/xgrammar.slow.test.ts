import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type * as Xgrammar from '@mlc-ai/web-xgrammar'
import { expect, test } from 'vitest'
import { allows } from '../../../../../inference-host/decoding/sampling/token-mask.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { bind, STOP, vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const folder = embeddedModel('twohop-chat').folder
const vocabulary = vocabularyOf(folder)

/** Its one file is CommonJS under a package.json that says module; a copy with the right name loads. */
function loadXgrammar(): typeof Xgrammar {
  const require = createRequire(import.meta.url)
  const copies = mkdtempSync(path.join(tmpdir(), 'xgrammar-'))
  try {
    const copy = path.join(copies, 'index.cjs')
    copyFileSync(require.resolve('@mlc-ai/web-xgrammar'), copy)
    return require(copy)
  } finally {
    rmSync(copies, { recursive: true, maxRetries: 10 })
  }
}

/** The vocabulary as xgrammar reads it, special tokens left empty, which it then never allows. */
function pieces(): string[] {
  const { model, added_tokens: added } = JSON.parse(readFileSync(path.join(folder, 'tokenizer.json'), 'utf8'))
  const all: string[] = []
  for (const [piece, id] of Object.entries<number>(model.vocab)) all[id] = piece
  for (const { id } of added) all[id] = ''
  return all
}

test('masks are the ones that xgrammar computes from the same grammar', async () => {
  const xgrammar = loadXgrammar()
  const info = await xgrammar.TokenizerInfo.createTokenizerInfo(pieces(), 'byte_level', false, 2048, [STOP])
  const compiler = await xgrammar.GrammarCompiler.createGrammarCompiler(info, false)
  const random = seededRandom(11)
  let compared = 0
  for (const source of [
    'root ::= "a" [b-d]{1,3} ("x" | "yz")* "end"?',
    'root ::= obj\nobj ::= "{" (pair ("," pair)*)? "}"\npair ::= "\\"" [a-z]{1,4} "\\":" (obj | [0-9]+ | "true")',
    // With "th" as a third, xgrammar 0.1.27 lets " e" and "ree" follow "the": no text of the grammar begins so.
    'root ::= ("the " | "there" | "so")* [A-Z][a-z]{2,} "."',
    'root ::= nested\nnested ::= "(" nested ")" nested | "q"',
    'root ::= ([a-z]{2,7} " "){1,4} | [a-z ]+ "!"',
  ]) {
    const compiled = await compiler.compileGrammar(source)
    const structured = bind({ kind: 'grammar', grammar: source, path: ['grammar'] }, vocabulary)
    for (let answer = 0; answer < 12; answer++) {
      const theirs = await xgrammar.GrammarMatcher.createGrammarMatcher(compiled)
      const ours = structured.start(1000)
      const mask = new Int32Array(64)
      for (let step = 0; step < 20; step++) {
        ours.next(mask, 1000)
        expect([...mask]).toEqual([...(await theirs.getNextTokenBitmask())])
        compared++
        const allowed = vocabulary.tokens.flatMap((_, id) => (allows(mask, id) ? [id] : []))
        const token = allowed[Math.floor(random() * allowed.length)] ?? STOP
        if (token === STOP) break
        ours.accept(token)
        expect(theirs.acceptToken(token)).toBe(true)
      }
      theirs.dispose()
    }
    compiled.dispose()
  }
  expect(compared).toBeGreaterThan(300)
})
