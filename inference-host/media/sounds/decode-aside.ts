import { Worker } from 'node:worker_threads'
import { Unreadable } from '../../../shared/unreadable.ts'
import { secondsOf } from '../../../shared/wav.ts'
import type { Decoded, Encoded, Started } from './decode-worker.ts'

/** Of the thread's own objects. Samples and the decoders' memory are beside it, and bounded by how they are read. */
const HEAP = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 }
/**
 * Milliseconds that decoding may take: some to start, and for each second of sound more than ten times what was measured on a
 * core of its own. A host that is busy is no reason to refuse a file.
 */
export const DECODING = { startMs: 30_000, msASecond: 250 } as const
/** How often it is asked whether the request is still wanted, in milliseconds. */
const ASK_MS = 20

/**
 * Decodes a recording on a thread of its own, which is ended when it takes too long, or too much, or nobody waits any more. Resolves
 * with undefined when `stopped` ended it.
 * @param heard told at the end, whatever it is, how many seconds have been decoded, each that has begun
 * @throws Unreadable where the file is broken, or holds more than it says
 */
export async function decodeAside(
  encoded: Encoded,
  stopped: () => boolean,
  heard: (seconds: number) => void,
  startMs: number = DECODING.startMs,
): Promise<Float32Array | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array | undefined>()
  const seconds = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const worker = new Worker(new URL('decode-worker.ts', import.meta.url), {
    workerData: { ...encoded, seconds } satisfies Started,
    resourceLimits: HEAP,
  })
  worker.once('message', (decoded: Decoded) =>
    'samples' in decoded ? resolve(decoded.samples) : reject(new Unreadable(decoded.broken)),
  )
  // What it dies of is its memory: all else is told by a message.
  worker.once('error', () => reject(new Unreadable('one that takes too much to decode')))
  worker.once('exit', () => reject(new Unreadable('one that takes too much to decode')))
  const asking = setInterval(() => stopped() && resolve(undefined), ASK_MS)
  const mostMs = startMs + DECODING.msASecond * secondsOf(encoded.sound)
  const timer = setTimeout(() => reject(new Unreadable('one that takes too long to decode')), mostMs)
  try {
    return await promise
  } finally {
    clearInterval(asking)
    clearTimeout(timer)
    await worker.terminate()
    heard(Atomics.load(seconds, 0))
  }
}
