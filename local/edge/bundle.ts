import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { workerSettings } from './settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The built worker: the path of its one module, and the settings of wrangler.toml that the runtime needs. */
export type Bundle = { module: string; date: string; flags: string[] }

/**
 * Builds the worker exactly as `wrangler deploy` would upload it.
 * @param out folder to write to
 * @param minify false to keep the functions' names, for a profile
 * @throws Error with wrangler's words when it does not build
 */
export async function bundleEdge(out: string, minify = true): Promise<Bundle> {
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
    'bin',
    'wrangler.js',
  )
  const names = minify ? [] : ['--minify', 'false']
  await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', out, ...names], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG: 'error', NO_COLOR: '1' },
  })
  const module = (await readdir(out)).find((name) => name.endsWith('.js'))
  if (!module) throw new Error(`wrangler wrote no module to ${out}`)
  return { module: join(out, module), ...workerSettings() }
}
