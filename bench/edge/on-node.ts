import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startPart } from '../../local/part.ts'
import { freePort } from '../kit.ts'
import type { Gateway, Runtime } from './gateways.ts'

const ROOT = new URL('../../', import.meta.url)
const BUNDLE = new URL('dist/node/edge.mjs', ROOT)

/** The edge as its container runs it, on this Node. @param profile whether it is inspected */
export async function onNode({
  profile,
  signal,
}: {
  profile: boolean
  signal: AbortSignal
}): Promise<Runtime> {
  await promisify(execFile)('npm', ['run', '--silent', 'build:node'], { cwd: fileURLToPath(ROOT), signal })
  return {
    module: fileURLToPath(BUNDLE),
    startBare: (hostUrl) => started(new URL('bare-node.ts', import.meta.url), { HOST_URL: hostUrl }),
    async startEdge(variables) {
      const own = { ...variables, EDGE_BIND: '127.0.0.1', EDGE_PORT: '0', EDGE_SCHEDULE_SECONDS: '0' }
      if (!profile) return started(BUNDLE, own)
      const port = await freePort()
      const edge = await started(BUNDLE, { ...own, NODE_OPTIONS: `--inspect=127.0.0.1:${port}` })
      return { ...edge, inspector: { port } }
    },
  }

  async function started(file: URL, env: Record<string, string>): Promise<Gateway> {
    const part = await startPart<{ url: string }>(file, { env, signal })
    return { url: part.ready.url, pid: part.pid, stop: part.stop }
  }
}
