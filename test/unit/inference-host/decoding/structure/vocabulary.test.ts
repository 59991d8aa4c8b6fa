import { describe, expect, test } from 'vitest'
import { childOf, readVocabulary } from '../../../../../inference-host/decoding/structure/vocabulary.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import { vocabularyOf } from '../../../../fixtures/structure/drive.ts'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('latin1')

test('byte-level tokens are read back to their bytes; special ones stand for none', () => {
  const { tokens, ofByte } = vocabularyOf(embeddedModel('twohop-chat').folder)
  expect(tokens.slice(0, 3)).toEqual([undefined, undefined, undefined])
  for (let byte = 0; byte < 256; byte++)
    expect(text(tokens[ofByte[byte] ?? -1])).toBe(String.fromCharCode(byte))
})

test('each token is found byte by byte, and nothing is found where no token goes on', () => {
  const { tokens, trie } = vocabularyOf(embeddedModel('twohop-chat').folder)
  for (const [id, bytes] of tokens.entries()) {
    if (bytes === undefined || id % 20 > 0) continue
    const [first = 0, ...rest] = bytes
    const node = rest.reduce((at, byte) => childOf(trie, at, byte), trie.roots[first] ?? -1)
    expect([trie.token[node], trie.same[trie.token[node] ?? -1]]).toContain(id)
    const onward = new Set(
      tokens.flatMap((other) =>
        other && other.length > bytes.length && bytes.every((byte, at) => other[at] === byte)
          ? [other[bytes.length]]
          : [],
      ),
    )
    const found = Array.from({ length: 256 }, (_, byte) => byte).filter(
      (byte) => childOf(trie, node, byte) >= 0,
    )
    expect(new Set(found)).toEqual(onward)
  }
})

describe('SentencePiece with byte fallback', () => {
  const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))
  const pieces = [
    '<unk>',
    '<s>',
    ...ascii.map((char) => (char === ' ' ? '\u2581' : char)),
    '\u2581the',
    '<0x0A>',
    'é',
    '\u2581the',
  ]
  const file = {
    model: { vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])), byte_fallback: true },
    decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }] },
    added_tokens: [
      { id: 0, content: '<unk>', special: true },
      { id: 1, content: '<s>', special: true },
      { id: 120, content: '<tool_call>', special: false },
    ],
  }

  test('is read: spaces, bytes, characters, and added tokens that are not special', () => {
    const { tokens } = readVocabulary(file, 128)
    expect(text(tokens[pieces.indexOf('<0x0A>')])).toBe('\n')
    expect(tokens.some((bytes) => text(bytes) === ' the')).toBe(true)
    expect(text(tokens[pieces.indexOf('é')])).toBe('\xc3\xa9')
    expect(text(tokens[120])).toBe('<tool_call>')
    expect([tokens[0], tokens[1], tokens[127]]).toEqual([undefined, undefined, undefined])
  })

  test('without a token for every ASCII character it is refused', () => {
    const { a: _, ...vocab } = file.model.vocab
    expect(() => readVocabulary({ ...file, model: { ...file.model, vocab } }, 128)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'model' }),
    )
  })
})

test('a tokenizer that does not work on bytes is refused', () => {
  const file = { model: { vocab: { a: 0 } }, decoder: { type: 'WordPiece' } }
  expect(() => readVocabulary(file, 1)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: 'model' }),
  )
})
