import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, platform, totalmem } from 'node:os'

/** Instruction sets on which the speed of the 4-bit and 8-bit kernels depends. */
const INSTRUCTIONS = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'amx_int8', 'asimddp', 'i8mm']

/** The machine that the figures were taken on. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    instructions: instructions(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    onnxruntime: versionOf('onnxruntime-node'),
    transformers: versionOf('@huggingface/transformers'),
  }
}

/** The INSTRUCTIONS that the CPU has; undefined where the system does not tell. */
function instructions(): string[] | undefined {
  if (platform() !== 'linux') return undefined
  const info = readFileSync('/proc/cpuinfo', 'utf8')
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1]?.trim().split(/\s+/))
  return INSTRUCTIONS.filter((name) => flags.has(name))
}

/**
 * The version of an installed package. A package may not export its package.json, so it is found beside the module that
 * the package does export.
 */
function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name)
  const root = entry.slice(0, entry.lastIndexOf(`${name}/`) + name.length)
  return JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version
}
