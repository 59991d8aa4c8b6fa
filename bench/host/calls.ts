import { availableParallelism } from 'node:os'
import type { Call } from '../../inference-host/decoding/batching/decoder.ts'
import { openDecoder } from '../../inference-host/decoding/batching/open-decoder.ts'
import type { DecoderShape } from '../../inference-host/decoding/batching/shape.ts'
import { SIZES } from '../../inference-host/decoding/batching/sizes.ts'
import { servingFormOf } from '../../inference-host/decoding/serving-form/of-model.ts'
import { readLock } from '../../inference-host/weights/lock.ts'
import { spread } from '../kit.ts'
import { HOSTS_DIR, type HostFiles } from './hosts.ts'
import type { Finding, Measurement } from './measurement.ts'

/** Tokens in the cache of each row of a step. */
const CACHED = 100
const ROWS = [1, 4, 8, 16]
const PROMPTS = [64, 256]
/** The number of turns. Each turn makes all calls once, so that other work on the machine affects all of them. */
const TURNS = { full: 14, quick: 4 }
const PREPARE_MS = 300_000
/** The id of a token that every vocabulary has. */
const TOKEN = 5n

type Timed = { what: string; tokens: number; call: Call; cpuMs: number[] }

/** The part that the host does not do itself: the model's own calls, made as the host makes them, in this process. */
export const calls: Measurement = {
  name: 'calls',
  about: `CPU time of the model's calls: a step of ${ROWS.join(', ')} requests, a prompt of ${PROMPTS.join(', ')} tokens`,
  limitSeconds: 300,
  async run({ files, quick, progress, signal }) {
    const form = await servingForm(await files('batching'), signal)
    if ('unsupported' in form) throw new Error(`the model has no serving form: ${form.unsupported}`)
    const shape: DecoderShape = form.description
    const decoder = await openDecoder(form.file, shape, { device: 'cpu', threads: 1 })
    const timed: Timed[] = [
      ...ROWS.map((rows) => ({
        what: `a step of ${rows}, ${CACHED} tokens in the cache`,
        tokens: rows,
        call: callOf(shape, rows, 1, CACHED),
        cpuMs: [],
      })),
      ...PROMPTS.map((tokens) => ({
        what: `a prompt's ${tokens} tokens`,
        tokens,
        call: callOf(shape, 1, tokens, 0),
        cpuMs: [],
      })),
    ]
    try {
      const turns = quick ? TURNS.quick : TURNS.full
      // The first turn is not counted, because it allocates buffers.
      for (let turn = 0; turn <= turns; turn++) {
        progress(turn === 0 ? 'calls, once unmeasured' : `calls, turn ${turn} of ${turns}`)
        for (const { call, cpuMs } of timed) {
          signal.throwIfAborted()
          const before = process.cpuUsage()
          await decoder.run(call)
          const { user, system } = process.cpuUsage(before)
          if (turn > 0) cpuMs.push((user + system) / 1000)
        }
      }
    } finally {
      await decoder.close()
    }
    return { findings: timed.map(finding), raw: timed.map(({ what, cpuMs }) => ({ what, cpuMs })) }
  },
}

async function servingForm({ id, folder, dtype, manifest }: HostFiles, signal: AbortSignal) {
  const locked = (await readLock(manifest)).models[id]
  if (locked === undefined) throw new Error(`${id} is not locked`)
  return servingFormOf({
    id,
    folder,
    locked,
    dtype,
    device: 'cpu',
    modelsDir: HOSTS_DIR,
    threads: availableParallelism(),
    timeoutMs: PREPARE_MS,
    signal,
  })
}

/** A call with `columns` new tokens in each of `rows` rows, with a cache that is as long as needed. */
function callOf(shape: DecoderShape, rows: number, columns: number, cached: number): Call {
  const stride = Math.ceil((cached + columns) / SIZES.stride) * SIZES.stride
  const length = rows * shape.kvHeads * stride * shape.headDim
  const array = () => (shape.kvType === 'float32' ? new Float32Array(length) : new Uint16Array(length))
  return {
    ids: new BigInt64Array(rows * columns).fill(TOKEN),
    columns,
    lengths: Array<number>(rows).fill(cached),
    cache: { arrays: Array.from({ length: 2 * shape.layers }, array), rows, stride },
  }
}

function finding({ what, tokens, cpuMs }: Timed): Finding {
  const { median, min, max } = spread(cpuMs)
  return {
    what: `CPU of ${what}`,
    seen: median,
    unit: 'ms',
    spread: { min, max },
    note: `${(median / tokens).toFixed(1)} ms a token`,
  }
}
