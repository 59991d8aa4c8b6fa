import { appendFile, cp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Bundle, bundleEdge } from '../../local/edge/bundle.ts'
import { type StackOptions, startStack } from '../../local/stack.ts'
import { pacedBy } from '../fixtures/pace.ts'

type Options = Pick<StackOptions, 'catalog' | 'ledger' | 'hostVariables'> & {
  edgeVariables: Record<string, string>
}

/**
 * The whole stack as `npm start` runs it, on free ports, in a folder of its own.
 * @param name of the folder in `.local`; what the parts print (`stack.log`) lies there, too
 * @returns with it the folder, and the file through which the host's models are slowed down
 */
export async function startTestStack(name: string, { edgeVariables, hostVariables, ...options }: Options) {
  const dir = fileURLToPath(new URL(`../../.local/${name}`, import.meta.url))
  const log = join(dir, 'stack.log')
  const pace = join(dir, 'pace')
  for (const file of [log, pace]) await rm(file, { force: true })
  const stack = await startStack({
    dir,
    port: 0,
    models: [],
    device: 'cpu',
    // CI has the real one; elsewhere the embedded one serves.
    redis: process.env.CI ? 'redis-server' : 'auto',
    worker: copiedWorker,
    say: (part, line) => void appendFile(log, `${part} ${line}\n`),
    // Hundreds at once take a busy machine longer than the two seconds after which Redis counts as away.
    edgeVariables: { BODY_LIMIT_BYTES: '65536', REDIS_TIMEOUT_MS: '20000', ...edgeVariables },
    // The edge tells the host of each job; looks of its own would be taken for a request's, which tests count.
    // A second thread is hardly of use to the small models, and burns what the tests beside these need.
    hostVariables: { HOST_JOBS_POLL_SECONDS: '3600', HOST_THREADS: '1', ...pacedBy(pace), ...hostVariables },
    ...options,
  })
  return { stack, dir, pace }
}

let built: Promise<Bundle> | undefined

/**
 * The worker, built once for all stacks that this process starts. Each has a copy: edges write into its folder, and tests look
 * for the worker in the stack's own.
 * @param out folder to put it into
 */
async function copiedWorker(out: string): Promise<Bundle> {
  built ??= bundleEdge(fileURLToPath(new URL('../../.local/test-worker', import.meta.url)))
  const { module, assets, ...settings } = await built
  const copied = (path: string) => cp(path, join(out, basename(path)), { recursive: true })
  await Promise.all([module, ...(assets ? [assets] : [])].map(copied))
  return {
    ...settings,
    module: join(out, basename(module)),
    ...(assets ? { assets: join(out, basename(assets)) } : {}),
  }
}
