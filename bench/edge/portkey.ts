import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BENCH_DIR } from '../kit.ts'

const dir = join(BENCH_DIR, 'portkey')
const server = join(dir, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')

/**
 * Fetches Portkey's gateway, once, into a folder of its own: it is measured against and no dependency of Twohop.
 * The override is what lets its streams work (`@hono/node-server` 1.14.1).
 * @returns the path of its server's script
 */
export async function fetchPortkey(): Promise<string> {
  if (existsSync(server)) return server
  await mkdir(dir, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { '@portkey-ai/gateway': '1.15.2' },
    overrides: { '@hono/node-server': '1.14.1' },
  }
  await writeFile(join(dir, 'package.json'), JSON.stringify(manifest))
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: dir })
  return server
}
