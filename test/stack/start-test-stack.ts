import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
    say: (part, line) => void appendFile(log, `${part} ${line}\n`),
    edgeVariables: { BODY_LIMIT_BYTES: '65536', ...edgeVariables },
    // The edge tells the host of each job; looks of its own would be taken for a request's, which tests count.
    hostVariables: { HOST_JOBS_POLL_SECONDS: '3600', ...pacedBy(pace), ...hostVariables },
    ...options,
  })
  return { stack, dir, pace }
}
