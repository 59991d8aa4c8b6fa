import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Memory of an accelerator, in bytes. */
export type DeviceMemory = { used: number; total: number }

export type DeviceMemoryWatch = {
  /** The figure is at most a few seconds old. Undefined where it is not known. */
  read(): DeviceMemory | undefined
  close(): void
}

const QUERY = ['--query-gpu=memory.used,memory.total', '--format=csv,noheader,nounits']
const QUERY_MS = 10_000
const EVERY_MS = 10_000

/**
 * Asks NVIDIA's own tool at intervals for the memory of the first card, because neither onnxruntime nor WebGPU tells
 * it. Where the tool is not there, it asks once.
 * @param command the tool's name or path
 */
export function watchDeviceMemory(command = 'nvidia-smi', everyMs = EVERY_MS): DeviceMemoryWatch {
  let last: DeviceMemory | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function look(): Promise<void> {
    last = await query(command)
    if (last !== undefined && !closed) timer = setTimeout(() => void look(), everyMs).unref()
  }
  void look()

  return {
    read: () => last,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** The tool's figures for the first card. Undefined where there is no card or no tool. */
export async function query(command: string): Promise<DeviceMemory | undefined> {
  const told = await promisify(execFile)(command, QUERY, { timeout: QUERY_MS }).catch(() => undefined)
  const [used = Number.NaN, total = Number.NaN] = (told?.stdout.split('\n')[0] ?? '')
    .split(',')
    .map((mebibytes) => Number.parseInt(mebibytes, 10) * 2 ** 20)
  return Number.isNaN(used) || Number.isNaN(total) ? undefined : { used, total }
}
