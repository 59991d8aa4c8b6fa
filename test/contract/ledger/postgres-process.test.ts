import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { PartFailed, startPart } from '../../../local/part.ts'
import { findEmbeddedPostgres, findInstalledPostgres } from '../../../local/postgres/binaries.ts'
import { startServer } from '../../../local/postgres/server.ts'

const MAIN = new URL('../../../local/postgres/main.ts', import.meta.url)
type Ready = { url: string; publishableKey: string; secretKey: string; kind: string }

/** A temporary folder of this file's own, open to all as the system's is. */
let temporary: string
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'twohop-test-'))
  await chmod(temporary, 0o1777)
  vi.stubEnv('TMPDIR', temporary)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(temporary, { recursive: true, force: true, maxRetries: 10 })
})
const folders = () => readdir(temporary)

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Waits for what another process does by itself; fails after fifty seconds, as on a busy machine it takes twenty. */
const SOON = { interval: 20 }
const soon = (check: () => Promise<unknown>) => expect.poll(check, SOON)

describe('the local Postgres as a process', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })

  const environment = { SUPABASE_URL: 'http://127.0.0.1:9' }
  const ask = ({ url, secretKey }: Ready) =>
    fetch(`${url}/rest/v1/accounts`, { headers: { apikey: secretKey } })

  /** A part whose REST API listens, and lines that it prints. */
  const start = async (env: Record<string, string> = {}) => {
    const lines: string[] = []
    const onLine = (line: string) => lines.push(line)
    const part = await startPart<Ready>(MAIN, { env: { ...environment, ...env }, onLine })
    stops.push(() => part.stop())
    return { ...part, lines }
  }
  /** The same, and the server's process, once it answers. */
  const startAndWake = async () => {
    const part = await start()
    const answers: unknown[] = []
    await soon(async () => answers[answers.push((await ask(part.ready)).status) - 1]).toBe(200)
    const [line = ''] = part.lines.filter((text) => text.startsWith('up as process '))
    return { ...part, answers, server: Number(line.split(' ').at(-1)) }
  }

  it('listens at once and starts nothing until it is asked', async () => {
    const { ready, lines, stop } = await start()
    expect([await folders(), lines]).toEqual([[], []])
    const first = await ask(ready)
    expect([first.status, ((await first.json()) as { code: string }).code]).toEqual([503, 'PGRST002'])
    // Told to stop while it comes up, it leaves nothing either.
    await stop()
    await soon(folders).toEqual([])
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s while it makes its cluster leaves nothing behind',
    async (signal) => {
      const { ready, pid, ended } = await start()
      await ask(ready)
      await soon(async () => (await readdir(temporary, { recursive: true })).length).toBeGreaterThan(2)
      process.kill(pid, signal)
      await ended
      await soon(folders).toEqual([])
    },
  )

  it('a start that is called off throws why, and leaves nothing', async () => {
    const binaries = (await findInstalledPostgres()) ?? (await findEmbeddedPostgres())
    if (!binaries) throw new Error('there is no PostgreSQL of any kind')
    const off = new AbortController()
    const starting = startServer(binaries, off.signal)
    off.abort(new Error('not needed'))
    await expect(starting).rejects.toThrow('not needed')
    expect(await folders()).toEqual([])
  })

  it('serves the service role when it is up, and leaves nothing behind when it is stopped', async () => {
    const { ready, server, answers, stop } = await startAndWake()
    expect(answers[0]).toBe(503)
    expect(await folders()).toHaveLength(1)
    expect(await (await ask(ready)).json()).toEqual([])
    expect(isRunning(server)).toBe(true)
    await stop()
    await soon(async () => isRunning(server)).toBe(false)
    await soon(folders).toEqual([])
  })

  it('leaves nothing behind when it is killed', async () => {
    const { server, pid } = await startAndWake()
    process.kill(pid, 'SIGKILL')
    await soon(async () => isRunning(server)).toBe(false)
    await soon(folders).toEqual([])
  })

  it('ends, and says why, when its server is killed', async () => {
    const { server, lines, ended } = await startAndWake()
    process.kill(server, 'SIGKILL')
    await ended
    expect(lines.at(-1)).toMatch(/^postgres: PostgreSQL ended/)
  })

  it('refuses a kind that there is not, and to start without an issuer', async () => {
    await expect(start({ POSTGRES_PREFER: 'mysql' })).rejects.toThrow(
      new PartFailed('postgres: POSTGRES_PREFER is auto, installed or embedded, not mysql'),
    )
    await expect(start({ SUPABASE_URL: '' })).rejects.toThrow('SUPABASE_URL is not set')
  })

  it('says what went wrong when a server cannot start, and removes its folder', async () => {
    await expect(startServer({ kind: 'installed', bin: '/nowhere' })).rejects.toThrow()
    expect(await folders()).toEqual([])
  })

  it('opens no port and asks for a password', async () => {
    const binaries = (await findInstalledPostgres()) ?? (await findEmbeddedPostgres())
    if (!binaries) throw new Error('there is no PostgreSQL of any kind')
    const server = await startServer(binaries)
    stops.push(() => server.stop())
    expect(await readdir(server.address.host)).toContain('.s.PGSQL.5432')
    const { default: postgres } = await import('postgres')
    const show = async (password: string) => {
      const sql = postgres({ ...server.address, password, database: 'postgres', max: 1 })
      try {
        return (await sql`show listen_addresses`)[0]
      } finally {
        await sql.end()
      }
    }
    expect(await show(server.address.password)).toEqual({ listen_addresses: '' })
    await expect(show('guessed')).rejects.toMatchObject({ code: '28P01' })
  })
})
