import { deserialize, serialize } from 'node:v8'
import type { Program } from './grammar/program.ts'

/** A program as bytes: however many nodes it has, a message that carries it costs one copy of these. */
export function packProgram(program: Program): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(serialize(program))
}

/** The program that was packed. */
export function unpackProgram(packed: Uint8Array): Program {
  return deserialize(packed)
}
