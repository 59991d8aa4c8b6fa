import { parentPort, workerData } from 'node:worker_threads'
import type { Sound } from '../../../shared/sounds/sound.ts'
import { Unreadable } from '../../../shared/unreadable.ts'
import { decodeFlac } from './flac-codec-parser.ts'
import { decodeMp3 } from './mpg123-decoder.ts'
import { decodeOpus } from './opus-decoder.ts'

/** What is to be decoded. */
export type Encoded = { file: Uint8Array; sound: Exclude<Sound, { kind: 'wav' }> }
/** What the thread is started with, and what it says once. It writes the seconds that it has begun to decode to `seconds`. */
export type Started = Encoded & { seconds: Int32Array<SharedArrayBuffer> }
export type Decoded = { samples: Float32Array<ArrayBuffer> } | { broken: string }

// The decoders write what they make of a broken file to the console, which is the host's log.
console.error = () => {}

const { file, sound, seconds }: Started = workerData
const heard = (so: number) => Atomics.store(seconds, 0, Math.ceil(so))

async function decode(): Promise<Float32Array<ArrayBuffer>> {
  switch (sound.kind) {
    case 'mp3':
      return decodeMp3(file, sound, heard)
    case 'flac':
      return decodeFlac(file, sound, heard)
    case 'opus':
      return decodeOpus(file, sound, heard)
  }
}

try {
  const samples = await decode()
  parentPort?.postMessage({ samples } satisfies Decoded, [samples.buffer])
} catch (error) {
  const broken = error instanceof Unreadable ? error.message : 'one that is broken'
  parentPort?.postMessage({ broken } satisfies Decoded)
}
