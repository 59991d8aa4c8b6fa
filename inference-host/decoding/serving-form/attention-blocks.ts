import { InferenceSession, Tensor } from 'onnxruntime-node'
import { newModel, newNode, valueInfo } from '../../onnx/draft.ts'
import { encodeOnnx } from '../../onnx/file.ts'
import { named } from '../../onnx/named.ts'
import { DATA_TYPE, type ModelProto } from '../../onnx/schema.ts'
import { seededRandom } from '../writing/random.ts'

/**
 * How this machine's GroupQueryAttention takes the new tokens of a call, as far as it changes what they come to.
 * - `columnBlock`: it takes so many at once, and a last block of one token is rounded in another way. So a call has no
 *   number of tokens that leaves 1.
 * - `fixedChunks`: what comes of a token depends on how many stand in the cache after the call. So a prompt is always cut
 *   at the same places, the multiples of this.
 * Where neither is there, a prompt may be cut anywhere, but for single tokens.
 */
export type AttentionBlocks = { columnBlock?: number; fixedChunks?: number }

/** Where prompts are cut whose tokens depend on that: as many as are worth a call, few enough not to hold up others. */
const FIXED_CHUNK = 64

/** Tokens beyond the largest block that are looked at. */
const BEYOND = 5

/**
 * Finds out the blocks by trying: a GroupQueryAttention of one head computes the same tokens in calls of every length. The
 * block depends on the size of a head and on the CPU's cache, and is at most two heads' size (ONNX Runtime 1.30,
 * flashattn.cpp: the least of what fits and `qk_head_size + v_head_size`).
 * @throws Error where ONNX Runtime does
 */
export async function attentionBlocks(headDim: number, threads: number): Promise<AttentionBlocks> {
  const session = await InferenceSession.create(encodeOnnx(oneHead(headDim)), { intraOpNumThreads: threads })
  try {
    const most = 2 * headDim + BEYOND
    const tried = await createTrial(session, headDim, most)
    const columnBlock = await smallestBlock(tried, most)
    if (columnBlock === undefined) return {}
    if (columnBlock === 'unsteady') return { fixedChunks: FIXED_CHUNK }
    return { columnBlock }
  } finally {
    await session.release()
  }
}

/** Whether and where a call of the tokens `from` to `to` gives others than one of all of them: 'last' is the last token. */
type Trial = (from: number, to: number) => Promise<'nowhere' | 'last' | 'elsewhere'>

async function smallestBlock(tried: Trial, most: number): Promise<number | 'unsteady' | undefined> {
  let block: number | undefined
  for (let length = 2; length < most && block === undefined; length++) {
    const differs = await tried(0, length)
    if (differs === 'elsewhere' || (differs === 'last' && length === 2)) return 'unsteady'
    if (differs === 'last') block = length - 1
  }
  // Calls that begin later, and that leave no single token, agree.
  const whole = block ?? most
  for (const from of [1, 2, 31, whole - 1, whole])
    for (const length of [2, 3, 17, whole - 1, whole, whole + 2])
      if (from + length <= most && length > 1 && length % whole !== 1)
        if ((await tried(from, from + length)) !== 'nowhere') return 'unsteady'
  return block
}

async function createTrial(session: InferenceSession, headDim: number, most: number): Promise<Trial> {
  const inputs = [1, 2, 3].map((seed) => numbers(seed, most * headDim))
  const stride = most

  async function run(from: number, to: number): Promise<ArrayLike<number>> {
    const fresh = inputs.map(
      (all) => new Tensor('float32', all.slice(from * headDim, to * headDim), [1, to - from, headDim]),
    )
    const [past, pastValues] = inputs.slice(1).map((all) => {
      const cache = new Float32Array(stride * headDim)
      cache.set(all.subarray(0, from * headDim))
      return new Tensor('float32', cache, [1, 1, stride, headDim])
    })
    const [query, key, value] = fresh
    if (!query || !key || !value || !past || !pastValues) throw new RangeError('no inputs')
    const outputs = await session.run({
      query,
      key,
      value,
      past,
      pastValues,
      last: new Tensor('int32', Int32Array.of(to - 1), [1]),
      total: new Tensor('int32', Int32Array.of(stride), []),
    })
    const { data } = named(outputs, 'attended')
    if (!(data instanceof Float32Array)) throw new TypeError('attention gives no float32')
    return data
  }

  const whole = await run(0, most)
  return async function tried(from, to) {
    const found = await run(from, to)
    const before = (to - from - 1) * headDim
    for (let i = 0; i < before; i++) if (found[i] !== whole[from * headDim + i]) return 'elsewhere'
    for (let i = before; i < found.length; i++) if (found[i] !== whole[from * headDim + i]) return 'last'
    return 'nowhere'
  }
}

/** Numbers between -1 and 1, always the same. */
function numbers(seed: number, length: number): Float32Array {
  const random = seededRandom(seed)
  return Float32Array.from({ length }, () => 2 * random() - 1)
}

function oneHead(headDim: number): ModelProto {
  const { float32, int32 } = DATA_TYPE
  const tokens = (name: string) => valueInfo(name, float32, ['rows', 'tokens', headDim])
  const cache = (name: string) => valueInfo(name, float32, ['rows', 1, 'length', headDim])
  return newModel(17, {
    name: 'attention',
    node: [
      newNode(
        'com.microsoft:GroupQueryAttention',
        ['query', 'key', 'value', 'past', 'pastValues', 'last', 'total'],
        ['attended', 'present', 'presentValues'],
        { num_heads: 1, kv_num_heads: 1 },
      ),
    ],
    initializer: [],
    input: [
      ...['query', 'key', 'value'].map(tokens),
      ...['past', 'pastValues'].map(cache),
      valueInfo('last', int32, ['rows']),
      valueInfo('total', int32, []),
    ],
    output: [tokens('attended'), ...['present', 'presentValues'].map(cache)],
  })
}
