import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadRequest } from './port.ts'
import type { ProbeAnswer } from './probe.ts'

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))

/** Says whether a model loads and runs on a device, and if not, why. Never throws. */
export type TryDevice = (request: LoadRequest) => Promise<ProbeAnswer>

/**
 * Tries in a child process, since a session whose creation failed can spoil later ones in its process
 * (transformers.js issue 1767) and a broken driver can end it. The child is killed after `timeoutMs`.
 */
export function createTryDevice(timeoutMs: number): TryDevice {
  return function tryDevice(request) {
    return new Promise((resolve) => {
      const child = fork(PROBE, { stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' })
      child.once('message', (answer) => resolve(answer as ProbeAnswer))
      child.once('error', (error) => resolve({ runs: false, reason: error.message }))
      child.once('exit', (code, signal) =>
        resolve({
          runs: false,
          reason: signal === 'SIGKILL' ? `no answer in ${timeoutMs} ms` : `ended with ${signal ?? code}`,
        }),
      )
      child.send(request)
    })
  }
}
