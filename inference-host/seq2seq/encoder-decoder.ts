import { InferenceSession, Tensor } from 'onnxruntime-node'
import { floatsOf, floatTensor, refed, zeros } from '../onnx/floats.ts'
import { named, namedAll } from '../onnx/named.ts'
import { Unsupported } from '../onnx/unsupported.ts'
import { at } from '../platform/at.ts'
import { type Cache, maskOf } from './cache.ts'

/** What a call gives for each of its rows: the logits of the next token, and what the next call needs. */
export type Step = {
  /** One for each row; they belong to the caller, who may change them. */
  logits: readonly Float32Array[]
  cache: Cache
}

/** A model that reads texts and writes others. */
export type EncoderDecoder = {
  /** Reads texts in one call, and takes the decoder's first step after the token `start`. */
  read(texts: readonly (readonly number[])[], start: number): Promise<Step>
  /** Takes a step: `tokens` are what the rows wrote last. The cache is not changed. */
  step(tokens: readonly number[], cache: Cache): Promise<Step>
  close(): Promise<void>
}

type Options = {
  /** The two graphs of an export: the encoder, and a decoder with its first and its later steps in one ("merged"). */
  files: { encoder: string; decoder: string }
  threads: number
  /** Id of the token that fills up shorter texts. */
  padding: number
}

const HIDDEN = 'encoder_hidden_states'
const ENCODER_INPUTS = new Set(['input_ids', 'attention_mask'])
const DECODER_INPUTS = new Set(['input_ids', HIDDEN, 'encoder_attention_mask', 'use_cache_branch'])
const PAST = 'past_key_values.'

/**
 * Opens an encoder-decoder on the CPU.
 * @throws Unsupported where a graph takes an input that is not known here; Error where one does not load
 */
export async function openEncoderDecoder({ files, threads, padding }: Options): Promise<EncoderDecoder> {
  const open = (file: string) =>
    InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      logSeverityLevel: 4,
    })
  const encoder = await open(files.encoder)
  const decoder = await open(files.decoder)
  async function close(): Promise<void> {
    await encoder.release()
    await decoder.release()
  }

  const past = decoder.inputMetadata.filter(({ name }) => name.startsWith(PAST))
  const names = past.map(({ name }) => name.slice(PAST.length))
  const ofText = names.filter((name) => name.includes('.encoder.'))
  const written = names.filter((name) => !name.includes('.encoder.'))
  const strange =
    encoder.inputNames.find((name) => !ENCODER_INPUTS.has(name)) ??
    decoder.inputNames.find((name) => !DECODER_INPUTS.has(name) && !name.startsWith(PAST))
  if (strange !== undefined || written.length === 0) {
    await close()
    throw new Unsupported(
      strange ? `its graph takes ${strange}, which is not known here` : 'its decoder keeps no cache',
    )
  }

  /**
   * One run of the decoder. Outputs that do not change from step to step are not fetched, because that would copy them.
   */
  async function decode(
    tokens: readonly number[],
    { read: [hidden], mask }: Pick<Cache, 'read' | 'mask'>,
    pasts: Record<string, Tensor>,
    fetched: readonly string[],
  ) {
    const feeds: Record<string, Tensor | undefined> = {
      input_ids: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length, 1]),
      [HIDDEN]: hidden,
      encoder_attention_mask: mask,
      use_cache_branch: new Tensor('bool', [fetched === written], [1]),
      ...pasts,
    }
    const given = namedAll(feeds, decoder.inputNames)
    const outputs = await decoder.run(given, ['logits', ...fetched.map((name) => `present.${name}`)])
    const present = (of: readonly string[]) => of.map((name) => refed(named(outputs, `present.${name}`)))
    return { logits: rowsOf(named(outputs, 'logits'), tokens.length), present }
  }

  return {
    async read(texts, start) {
      const lengths = texts.map(({ length }) => length)
      const mask = maskOf(lengths)
      const feeds = { input_ids: idsOf(texts, padding), attention_mask: mask }
      const outputs = await encoder.run(namedAll(feeds, encoder.inputNames))
      const read = [refed(named(outputs, 'last_hidden_state'))]
      const nothing = Object.fromEntries(past.map((input) => [input.name, empty(input, texts.length)]))
      const starts = texts.map(() => start)
      const { logits, present } = await decode(starts, { read, mask }, nothing, names)
      const cache = { lengths, mask, read: [...read, ...present(ofText)], written: present(written) }
      return { logits, cache }
    },

    async step(tokens, cache) {
      const [, ...keysAndValues] = cache.read
      const pasts = {
        ...feedsOf(ofText, keysAndValues),
        ...feedsOf(written, cache.written),
      }
      const { logits, present } = await decode(tokens, cache, pasts, written)
      return { logits, cache: { ...cache, written: present(written) } }
    },

    close,
  }
}

function feedsOf(names: readonly string[], tensors: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name, i) => [`${PAST}${name}`, at(tensors, i)]))
}

function idsOf(texts: readonly (readonly number[])[], padding: number): Tensor {
  const longest = Math.max(...texts.map(({ length }) => length))
  const ids = new BigInt64Array(texts.length * longest).fill(BigInt(padding))
  for (const [row, text] of texts.entries()) ids.set(BigInt64Array.from(text, BigInt), row * longest)
  return new Tensor('int64', ids, [texts.length, longest])
}

/**
 * An empty past, as transformers.js gives it. Each size that the graph does not say is 0, except the number of rows.
 */
function empty(input: InferenceSession.ValueMetadata, rows: number): Tensor {
  if (!input.isTensor) throw new Error(`${input.name} is no tensor`)
  const dims = [rows, ...input.shape.slice(1).map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 0))]
  const size = dims.reduce((product, dim) => product * dim, 1)
  return floatTensor(zeros(input.type, size), dims)
}

/** The logits of each row's last position. */
function rowsOf(logits: Tensor, rows: number): Float32Array[] {
  const all = floatsOf(logits)
  const vocab = logits.dims.at(-1) ?? 0
  return Array.from({ length: rows }, (_, i) => {
    const end = ((i + 1) * all.length) / rows
    return all.subarray(end - vocab, end)
  })
}
