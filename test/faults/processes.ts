import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const built = (name: string) => fileURLToPath(new URL(`../../.local/faults/${name}.mjs`, import.meta.url))

/** The processes that are killed, once they are built: an edge, and the command `twohop drain`. */
export const EDGE = built('edge-process')
export const DRAIN = built('drain-process')

/** Makes one file of each: a run starts some sixty of them, and from one file each is up in half the time. */
export async function buildProcesses(): Promise<void> {
  await build({
    entryPoints: ['edge-process', 'drain-process'].map((name) =>
      fileURLToPath(new URL(`./${name}.ts`, import.meta.url)),
    ),
    outdir: fileURLToPath(new URL('../../.local/faults', import.meta.url)),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    // What is CommonJS in there asks for it.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  })
}
