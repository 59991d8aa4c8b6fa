import { askChild } from '../platform/child-process.ts'
import type { LoadRequest } from './port.ts'
import type { ProbeAnswer } from './probe.ts'

const PROBE = new URL('probe.ts', import.meta.url)

/** Says whether a model loads and runs on a device, and if not, why. Never throws. */
export type TryDevice = (request: LoadRequest) => Promise<ProbeAnswer>

/**
 * Tries in a child process, because a session that could not be created can spoil later ones in its process
 * (transformers.js issue 1767) and a broken driver can end it. The child is killed after `timeoutMs`.
 */
export function createTryDevice(timeoutMs: number): TryDevice {
  return async function tryDevice(request) {
    const asked = await askChild<ProbeAnswer>(PROBE, request, timeoutMs)
    return 'answer' in asked ? asked.answer : { runs: false, reason: asked.failure }
  }
}
