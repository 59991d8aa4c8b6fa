import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, cp, lchown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { watched } from '../watched.ts'
import type { Binaries } from './binaries.ts'

/** How to connect: over the Unix socket in the folder `host`. */
export type ServerAddress = { host: string; port: number; user: string; password: string }

export type RunningServer = {
  address: ServerAddress
  /** The postmaster's pid. */
  pid: number
  /** Settles, with the reason, when the server ended by itself. */
  failed: Promise<Error>
  stop(): Promise<void>
}

/** The cluster's superuser, called as on Supabase. */
const SUPERUSER = 'supabase_admin'

/** PostgreSQL refuses to run as root. Under root it runs as the user nobody. */
const NOBODY = 65534

/** Only part of the socket's name; no port is opened. */
const PORT = 5432

/**
 * Starts a PostgreSQL with an empty cluster in a folder of its own under the system's temporary one, in about 1.2 s on
 * two cores. All its data is gone when it stops. It listens on a Unix socket only, has a password of 24 random bytes,
 * and never waits for the disk: it is for one machine and one run.
 * @param signal ends a start that is under way, with all that it has made
 * @throws Error with the server's last line when it does not start; the signal's reason when it was aborted
 */
export async function startServer(binaries: Binaries, signal?: AbortSignal): Promise<RunningServer> {
  // Not under the stack's folder: the path of a Unix socket may have only about 100 characters.
  const home = await mkdtemp(join(tmpdir(), 'twohop-postgres-'))
  const root = process.getuid?.() === 0
  const owner = root ? { uid: NOBODY, gid: NOBODY } : {}
  const data = join(home, 'data')
  const password = randomBytes(24).toString('base64url')
  try {
    const bin = root && !(await isOpenToAll(binaries.bin)) ? await copied(binaries.bin, home) : binaries.bin
    const passwordFile = join(home, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (root) for (const path of [home, passwordFile]) await chown(path, NOBODY, NOBODY)
    await makeCluster(join(bin, 'initdb'), data, passwordFile, { ...owner, signal })
    signal?.throwIfAborted()

    const options = ['-D', data, '-k', home, '-p', String(PORT), '-F']
    const settings = { listen_addresses: '', max_connections: 40, shared_buffers: '32MB', timezone: 'UTC' }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(
      'sh',
      ['-c', watched('INT'), 'sh', home, join(bin, 'postgres'), ...options, ...flags],
      {
        ...owner,
        cwd: home,
        // The process has a group of its own: Ctrl-C reaches only the launcher, which stops its parts in order.
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    const ended = once(child, 'exit')
    const end = () => child.stdin.end()
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    const pid = Number((await once(createInterface({ input: child.stdout }), 'line'))[0])
    let stopping = false
    let last = ''
    const ready = new Promise<boolean>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        last = line
        if (line.includes('ready to accept connections')) resolve(true)
      })
      void ended.then(() => resolve(false))
    })
    if (!(await ready)) throw signal?.reason ?? new Error(`PostgreSQL did not start: ${last}`)
    signal?.removeEventListener('abort', end)

    const failed = Promise.withResolvers<Error>()
    void ended.then(() => {
      if (!stopping) failed.resolve(new Error(`PostgreSQL ended: ${last}`))
    })
    return {
      address: { host: home, port: PORT, user: SUPERUSER, password },
      pid,
      failed: failed.promise,
      async stop() {
        stopping = true
        end()
        await ended
        // The server's user may not be able to change root's temporary folder.
        await rm(home, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(home, { recursive: true, force: true, maxRetries: 10 })
    throw error
  }
}

type Making = { uid?: number; gid?: number; signal: AbortSignal | undefined }

async function makeCluster(
  initdb: string,
  data: string,
  passwordFile: string,
  { signal, ...owner }: Making,
): Promise<void> {
  const home = dirname(data)
  const words = ['-D', data, '-U', SUPERUSER, `--pwfile=${passwordFile}`]
  const settings = ['-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-sync']
  const child = spawn('sh', ['-c', watched('TERM', true), 'sh', home, initdb, ...words, ...settings], {
    ...owner,
    cwd: home,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const end = () => child.stdin.end()
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  // When all who write there have ended: initdb, and the server that it makes the cluster with.
  const closed = once(child, 'close')
  const [code] = await once(child, 'exit')
  signal?.removeEventListener('abort', end)
  end()
  await closed
  signal?.throwIfAborted()
  if (code !== 0) throw new Error(`PostgreSQL's initdb failed: ${said.trim().split('\n').at(-1)}`)
}

/** Whether the user nobody can enter every folder on the path to `folder`. */
async function isOpenToAll(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

/** Copies the programs and their libraries under `home`, owned by the user that runs them. Returns the new folder. */
async function copied(bin: string, home: string): Promise<string> {
  const target = join(home, 'server')
  await cp(dirname(bin), target, { recursive: true, verbatimSymlinks: true })
  for (const name of ['.', ...(await readdir(target, { recursive: true }))])
    await lchown(join(target, name), NOBODY, NOBODY)
  return join(target, basename(bin))
}
