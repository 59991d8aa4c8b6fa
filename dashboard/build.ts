import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const HERE = fileURLToPath(new URL('.', import.meta.url))

const DOCUMENT = fileURLToPath(new URL('../edge/routes/openapi.json', import.meta.url))

/** Where the built files lie for a deployment, and for an edge that runs on Node. */
export const DASHBOARD = fileURLToPath(new URL('../dist/dashboard', import.meta.url))

/**
 * Makes the static files of a worker: the dashboard (`index.html`, `app.js`, `app.css`) and `edge/routes/openapi.json`,
 * which would be a tenth of the worker's own code. Each file is put in place as a whole, so that two builds at once do no
 * harm.
 * @param out folder to write to
 * @throws Error with esbuild's words when it does not build
 */
export async function buildDashboard(out: string): Promise<void> {
  const made = `${out}.${process.pid}-${Math.random().toString(36).slice(2)}`
  try {
    await build({
      // Both are called app: the script and the style.
      entryPoints: ['main.tsx', 'style.css'].map((name) => ({ in: join(HERE, name), out: 'app' })),
      outdir: made,
      bundle: true,
      minify: true,
      format: 'esm',
      target: ['es2023', 'chrome117', 'firefox117', 'safari17'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      // The settings of types are not in an image that only builds.
      tsconfigRaw: {},
      logLevel: 'warning',
    })
    await cp(join(HERE, 'index.html'), join(made, 'index.html'))
    await writeFile(join(made, 'openapi.json'), JSON.stringify(JSON.parse(await readFile(DOCUMENT, 'utf8'))))
    await mkdir(out, { recursive: true })
    for (const name of await readdir(made)) await rename(join(made, name), join(out, name))
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/** `node dashboard/build.ts [folder]`. */
if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildDashboard(resolve(process.argv[2] ?? DASHBOARD))
