import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildDashboard } from '../../dashboard/build.ts'
import { workerSettings } from './settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The built worker: the path of its one module, the settings of wrangler.toml that the runtime needs, and the folder of its
 * static files, where it has any.
 */
export type Bundle = { module: string; date: string; flags: string[]; assets?: string }

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
    env: {
      ...process.env,
      PATH: ownNodeFirst(),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_LOG: 'error',
      NO_COLOR: '1',
    },
  })
  const module = (await readdir(out)).find((name) => name.endsWith('.js'))
  if (!module) throw new Error(`wrangler wrote no module to ${out}`)
  // wrangler has built the same for itself, in a folder that another build may write at this moment.
  const assets = join(out, 'dashboard')
  await buildDashboard(assets)
  return { module: join(out, module), ...workerSettings(), assets }
}

/** What wrangler.toml builds with runs on this Node, whichever the shell would find. */
const ownNodeFirst = () => [dirname(process.execPath), process.env.PATH].join(delimiter)
