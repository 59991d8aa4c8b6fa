import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createUpstashBudget } from '../../../edge/budget/upstash.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'
import { request, usage } from './each-redis.ts'

type Ready = { type: 'ready'; url: string; token: string; kind: string; pid: number }

const folders: string[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

async function startProcess(variables: Record<string, string>) {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  folders.push(dir)
  const child = fork(new URL('../../../local/redis/main.ts', import.meta.url), [], {
    env: { ...process.env, REDIS_DIR: dir, ...variables },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  children.push(child)
  let complaint = ''
  child.stderr?.on('data', (bytes) => {
    complaint += bytes
  })
  const ended = once(child, 'exit')
  const closed = once(child, 'close')
  const message = await Promise.race([once(child, 'message'), closed.then(() => [undefined])])
  return { child, ended, ready: message[0] as Ready | undefined, complaint: () => complaint }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Looks again every few milliseconds until it holds; the test's own time limit ends it otherwise. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const KINDS = redisServer ? ['redis-server', 'embedded'] : ['embedded']
if (!redisServer) it.skip(`the Redis process with redis-server${noRedisServer}`)

describe.each(KINDS)('the Redis process with %s', (kind) => {
  it('tells where it listens, and serves', async () => {
    const { ready } = await startProcess({ REDIS_PREFER: kind })
    expect(ready).toMatchObject({ type: 'ready', kind })
    const budget = createUpstashBudget({
      url: ready?.url ?? '',
      token: ready?.token ?? '',
      timeoutMs: 20_000,
    })
    expect((await budget.reserve(request('r1'))).granted).toBe(true)
  })

  it.each<[string, (child: ChildProcess) => unknown]>([
    ['its parent goes away', (child) => child.disconnect()],
    ['it is asked to', (child) => child.kill('SIGTERM')],
    ['it is killed', (child) => child.kill('SIGKILL')],
  ])('leaves no process behind when %s', async (_name, end) => {
    const { child, ended, ready } = await startProcess({ REDIS_PREFER: kind })
    const pid = ready?.pid ?? 0
    expect(isAlive(pid)).toBe(true)
    end(child)
    await ended
    await until(() => !isAlive(pid))
  })
})

describe.skipIf(!redisServer)(`a redis-server that dies${noRedisServer}`, () => {
  it('is started again, empty, and refused until then', async () => {
    const { ready } = await startProcess({ REDIS_PREFER: 'redis-server' })
    const { url = '', token = '', pid = 0 } = ready ?? {}
    const budget = createUpstashBudget({ url, token, timeoutMs: 20_000, settleRetryMs: [] })
    await budget.reserve(request('r1'))
    process.kill(pid, 'SIGKILL')
    const codes = new Set<string>()
    await until(async () => {
      const read = await usage(budget, request('any').limits).catch((error) => error.code as string)
      if (typeof read === 'string') codes.add(read)
      return typeof read !== 'string' && read.concurrent.running === 0
    })
    expect([...codes].every((code) => code === 'store_unavailable' || code === 'rate_limited')).toBe(true)
    expect((await budget.reserve(request('r1'))).granted).toBe(true)
  })
})

describe('the Redis process that can not start', () => {
  it('says in one line that there is no redis-server', async () => {
    const { child, ready, complaint } = await startProcess({ REDIS_PREFER: 'redis-server', PATH: '/nowhere' })
    expect(ready).toBeUndefined()
    expect(child.exitCode).toBe(1)
    expect(complaint().trim()).toBe('redis: no redis-server is on the PATH; Debian has it as redis-server')
  })

  it('takes the embedded one by itself where there is none', async () => {
    const { ready } = await startProcess({ PATH: '/nowhere' })
    expect(ready).toMatchObject({ kind: 'embedded' })
  })

  it('says in one line that its port is taken', async () => {
    const { ready } = await startProcess({ REDIS_PREFER: 'embedded' })
    const port = new URL(ready?.url ?? '').port
    const { child, complaint } = await startProcess({ REDIS_PREFER: 'embedded', REDIS_PORT: port })
    expect(child.exitCode).toBe(1)
    expect(complaint().trim()).toMatch(/^redis: .*EADDRINUSE.*$/)
  })
})
