import { join } from 'node:path'
import { build } from 'esbuild'
import { type Bundle, bundleEdge } from '../../local/edge/bundle.ts'
import { startWorkerd } from '../../local/edge/workerd.ts'
import { BENCH_DIR } from '../kit.ts'
import type { Gateway, Runtime } from './gateways.ts'

/** The worker as `wrangler deploy` uploads it, in `workerd serve`. @param profile whether it is unminified and inspected */
export async function onWorkers(profile: boolean): Promise<Runtime> {
  const bundle = await bundleEdge(join(BENCH_DIR, profile ? 'edge-profiled' : 'edge'), !profile)
  return {
    module: bundle.module,
    startBare: async (hostUrl) =>
      startWorkerd({ bundle: await bareBundle(bundle), port: 0, variables: { HOST_URL: hostUrl } }),
    async startEdge(variables): Promise<Gateway> {
      const edge = await startWorkerd({ bundle, port: 0, inspected: profile, variables })
      const { inspectorPort: port } = edge
      return { ...edge, inspector: port === undefined ? undefined : { port, service: 'edge' } }
    },
  }
}

async function bareBundle({ date, flags }: Bundle): Promise<Bundle> {
  const module = join(BENCH_DIR, 'bare', 'bare-proxy.js')
  await build({
    entryPoints: [new URL('bare-proxy.ts', import.meta.url).pathname],
    outfile: module,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
  })
  return { module, date, flags }
}
