import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalog } from '../shared/catalog.ts'

/** One token for each demo user. */
export type Tokens = { free: string; pro: string; suspended: string; admin: string }

/** What tools read to use a running stack: `.local/stack.json`. Keys are added, never renamed. */
export type StackFile = {
  /** `cronUrl` is empty where the edge runs its scheduled work by a timer of its own. */
  edge: { url: string; cronUrl: string; pid: number }
  host: { url: string; pid: number }
  redis: { url: string; token: string; kind: 'redis-server' | 'embedded'; pid: number }
  /** The ledger behind the REST calls of supabase-js; null where there is none. */
  postgres: {
    url: string
    publishableKey: string
    secretKey: string
    kind: 'installed' | 'embedded'
    pid: number
  } | null
  /**
   * Where users sign in: `authUrl` for `connectAuthEmulator`, Supabase's `url` for `createClient`. Firebase's tokens of here
   * are not `trusted` where projects of one's own are.
   */
  issuers: {
    firebase: { url: string; authUrl: string; projectId: string; trusted: boolean }
    supabase: { url: string }
  }
  tokens: { firebase: Tokens; supabase: Tokens }
  /** Ids of the models that serve each kind of request; null where none does. */
  models: Record<'chat' | 'embed' | 'classify', string | null>
  catalog: Catalog
}

/** Replaces the file. Only its owner can read it, because it holds tokens. */
export async function writeStackFile(path: string, file: StackFile): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
}

/** Removes the file if it describes this stack: another stack may have written its own since. */
export async function removeStackFile(path: string, { edge }: StackFile): Promise<void> {
  if ((await edgePid(path)) === edge.pid) await rm(path, { force: true })
}

/** Removes the file of a stack that crashed; the file of a running one stays. */
export async function removeStaleStackFile(path: string): Promise<void> {
  const pid = await edgePid(path)
  if (pid === undefined || !isRunning(pid)) await rm(path, { force: true })
}

/** Where a stack on this port writes its file: `stack.json`, or `stack-<port>.json` if a running stack has that. */
export async function stackFilePlace(folder: string, port: string): Promise<string> {
  const first = join(folder, 'stack.json')
  const edge = await readEdge(first)
  const taken = edge !== undefined && isRunning(edge.pid) && (await answers(edge.url))
  return taken ? join(folder, `stack-${port}.json`) : first
}

/** Whether an edge answers at this URL. The pid alone may belong to another process by now. */
async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    ({ name }: Error) => name === 'TimeoutError',
  )
}

/** The pid of the edge in the file; undefined where there is no such file or it is half written. */
async function edgePid(path: string): Promise<number | undefined> {
  return (await readEdge(path))?.pid
}

async function readEdge(path: string): Promise<StackFile['edge'] | undefined> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as StackFile).edge
  } catch {
    return undefined
  }
}

/** Whether there is such a process, of any user. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
