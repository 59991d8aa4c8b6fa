import { parentPort } from 'node:worker_threads'
import { TwohopError } from '../../../../shared/errors.ts'
import { compileStructure } from '../compile.ts'
import { packProgram } from '../packed.ts'
import type { Structure } from '../structure.ts'

export type ToCompiler = { structure: Structure }
export type FromCompiler =
  /** It has started, and takes structures. */
  | { type: 'ready' }
  | { type: 'compiled'; program: Uint8Array }
  | { type: 'refused'; message: string; param: string | undefined }
  | { type: 'failed' }

/** The thread that compiles structures, one after another. It may be ended at any time. */
if (parentPort === null) throw new Error('decoding/structure/pool/worker.ts runs as a worker thread')
const port = parentPort
port.on('message', ({ structure }: ToCompiler) => port.postMessage(compiled(structure)))
port.postMessage({ type: 'ready' } satisfies FromCompiler)

function compiled(structure: Structure): FromCompiler {
  try {
    return { type: 'compiled', program: packProgram(compileStructure(structure)) }
  } catch (error) {
    if (error instanceof TwohopError) return { type: 'refused', message: error.message, param: error.param }
    return { type: 'failed' }
  }
}
