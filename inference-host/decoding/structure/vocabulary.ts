import * as z from 'zod'
import { TwohopError } from '../../../shared/errors.ts'

/** The bytes of each token that may be part of a structured answer, by id; undefined for the others. */
export type Vocabulary = {
  readonly tokens: readonly (Uint8Array | undefined)[]
  /** The token of each single byte, or -1. */
  readonly ofByte: Int32Array
  readonly trie: Trie
}

/** The tokens as a tree of their bytes, laid out parent before child (preorder). The root is left out. */
export type Trie = {
  readonly byte: Uint8Array
  readonly depth: Uint8Array
  /** Index after the last node of the subtree. */
  readonly end: Int32Array
  /** A token of the bytes up to here, or -1. Tokens of the same bytes are chained by `same`. */
  readonly token: Int32Array
  readonly same: Int32Array
  /** The node of each first byte, or -1. */
  readonly roots: Int32Array
  /** The children of all nodes: those of node n, by their bytes, from `childrenAt[n]` to `childrenAt[n + 1]`. */
  readonly children: Int32Array
  readonly childrenAt: Int32Array
}

/** The child of `node` for the next byte, or -1. A node has up to 256, and long texts are looked up at each of their bytes. */
export function childOf({ byte: bytes, children, childrenAt }: Trie, node: number, byte: number): number {
  let [low, high] = [childrenAt[node] ?? 0, (childrenAt[node + 1] ?? 0) - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const child = children[middle] ?? -1
    const own = bytes[child] ?? 0
    if (own === byte) return child
    if (own < byte) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/**
 * Tokens longer than this are left out, because they can be written with shorter ones. States near the end of a bounded
 * string differ by how far a token reaches ahead, so long tokens would make more of them.
 */
export const LONGEST_TOKEN = 24

/** The parts of a `tokenizer.json` (huggingface/tokenizers) that say which bytes a token stands for. */
const TokenizerFile = z.object({
  model: z.object({
    vocab: z.union([z.record(z.string(), z.int().min(0)), z.array(z.tuple([z.string(), z.number()]))]),
    byte_fallback: z.boolean().nullish(),
  }),
  decoder: z.unknown(),
  added_tokens: z
    .array(z.object({ id: z.int().min(0), content: z.string(), special: z.boolean() }))
    .nullish(),
})

/**
 * Reads which bytes each token stands for: byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM) and SentencePiece's pieces
 * with byte fallback (Llama 2, Mistral, Gemma). Special tokens stand for nothing that an answer shows.
 * @param file A parsed `tokenizer.json`.
 * @param size How many ids the model's logits have.
 * @throws TwohopError `invalid_request` where the tokenizer cannot spell every printable ASCII character.
 */
export function readVocabulary(file: unknown, size: number): Vocabulary {
  const { model, decoder, added_tokens: added } = TokenizerFile.parse(file)
  const entries: [string, number][] = Array.isArray(model.vocab)
    ? model.vocab.map(([piece], id) => [piece, id])
    : Object.entries(model.vocab)
  const decode = decoderOf(JSON.stringify(decoder ?? null), model.byte_fallback === true)
  const tokens: (Uint8Array | undefined)[] = new Array(size).fill(undefined)
  for (const [piece, id] of entries) if (id < size) tokens[id] = decode(piece)
  for (const { id, content, special } of added ?? [])
    if (id < size) tokens[id] = special ? undefined : new TextEncoder().encode(content)

  const ofByte = new Int32Array(256).fill(-1)
  for (const [id, bytes] of tokens.entries()) {
    if (bytes !== undefined && (bytes.length === 0 || bytes.length > LONGEST_TOKEN)) tokens[id] = undefined
    const byte = bytes?.length === 1 ? bytes[0] : undefined
    if (byte !== undefined && ofByte[byte] === -1) ofByte[byte] = id
  }
  for (let byte = 0x20; byte < 0x7f; byte++)
    if (ofByte[byte] === -1)
      throw new TwohopError('invalid_request', "This model's tokenizer cannot spell every structure.", {
        param: 'model',
      })
  return { tokens, ofByte, trie: trieOf(tokens) }
}

function decoderOf(decoder: string, fallback: boolean): (piece: string) => Uint8Array | undefined {
  if (decoder.includes('"ByteLevel"')) return byteLevel
  if (fallback || decoder.includes('"ByteFallback"')) return byteFallback
  throw new TwohopError('invalid_request', "This model's tokenizer does not work on bytes.", {
    param: 'model',
  })
}

/** GPT-2's alphabet: printable Latin-1 for itself, the other bytes from U+0100 on, in order. */
const BYTE_OF = new Map<number, number>()
for (let byte = 0, shifted = 0x100; byte < 256; byte++) {
  const itself = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  BYTE_OF.set(itself ? byte : shifted++, byte)
}

function byteLevel(piece: string): Uint8Array | undefined {
  const bytes = [...piece].map((char) => BYTE_OF.get(char.codePointAt(0) ?? -1))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined
}

function byteFallback(piece: string): Uint8Array {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1]
  return byte === undefined
    ? new TextEncoder().encode(piece.replaceAll('\u2581', ' '))
    : Uint8Array.of(Number.parseInt(byte, 16))
}

function trieOf(tokens: readonly (Uint8Array | undefined)[]): Trie {
  const sorted = tokens
    .flatMap((bytes, id) => (bytes === undefined ? [] : [{ id, bytes }]))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes) || a.id - b.id)
  const byte: number[] = []
  const depth: number[] = []
  const end: number[] = []
  const token: number[] = []
  const same = new Int32Array(tokens.length).fill(-1)
  /** Nodes on the way to the last token. */
  const way: number[] = []
  let before: Uint8Array | undefined
  let last = -1
  for (const { id, bytes } of sorted) {
    let shared = 0
    while (before !== undefined && shared < before.length && before[shared] === bytes[shared]) shared++
    if (shared === bytes.length) {
      same[last] = id
    } else {
      for (const node of way.splice(shared)) end[node] = byte.length
      for (let at = shared; at < bytes.length; at++) {
        way.push(byte.push(bytes[at] ?? 0) - 1)
        depth.push(at + 1)
        token.push(-1)
        end.push(0)
      }
      token[token.length - 1] = id
    }
    last = id
    before = bytes
  }
  for (const node of way) end[node] = byte.length
  const roots = new Int32Array(256).fill(-1)
  for (let node = 0; node < byte.length; node = end[node] ?? byte.length) roots[byte[node] ?? 0] = node
  return {
    roots,
    ...childrenOf(end),
    byte: Uint8Array.from(byte),
    depth: Uint8Array.from(depth),
    end: Int32Array.from(end),
    token: Int32Array.from(token),
    same,
  }
}

/** @param end Of each node, the index after its subtree. */
function childrenOf(end: readonly number[]): Pick<Trie, 'children' | 'childrenAt'> {
  const children: number[] = []
  const childrenAt = new Int32Array(end.length + 1)
  for (const [node, after] of end.entries()) {
    for (let child = node + 1; child < after; child = end[child] ?? after) children.push(child)
    childrenAt[node + 1] = children.length
  }
  return { children: Int32Array.from(children), childrenAt }
}
