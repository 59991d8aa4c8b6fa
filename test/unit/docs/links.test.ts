import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../../cli/run.ts'
import { EDGE_METRICS, EDGE_PREFIX } from '../../../edge/stats/metric-names.ts'
import { filesLike, isThere, type Page, ROOT, readPages } from '../../fixtures/pages.ts'

const pages = readPages()
const scriptsOf = (folder: string) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  return scripts as Record<string, string>
}
/** The example's page tells of scripts of both. */
const scripts: Record<string, string> = { ...scriptsOf('examples/extension'), ...scriptsOf('') }

/** Backticked texts with a slash that are no paths of this repository. */
const NO_PATHS = new Set([
  'firebase/auth/web-extension',
  'application/json',
  // An annotation of pods.
  'prometheus.io/scrape',
  // A hub's repository, and a file in it.
  'sentence-transformers/all-MiniLM-L6-v2',
  'onnx/model_quantized.onnx',
  // Written by a user.
  'twohop.config.ts',
  // Written when something runs.
  '.local/bench',
  'dist/dashboard',
  '.local/curl.txt',
  '.local/models',
  '.local/real-models',
  '.local/stack.json',
  '.local/users.json',
  'MODELS_DIR/serving/',
  // What the example's builds write, and a module of the package `firebase`.
  'dist/chrome-mv3-dev',
  'dist/firefox-mv3-dev',
  'dist/',
  'dist/dashboard',
  'firebase/auth/web-extension',
])

/** Variables that belong to others' programs, and names in examples. */
const OTHERS_VARIABLES = new Set([
  // What takes the place of an address in a request (edge/guard/put-back.ts).
  'EMAIL_1',
  // Deno's.
  'DENO_SERVE_ADDRESS',
  'ON_ERROR_STOP',
  'ONNXRUNTIME_NODE_INSTALL',
  'ONNXRUNTIME_NODE_INSTALL_CUDA',
  'OPENBLAS_NUM_THREADS',
  'THE_KEY',
  // SUPABASE_URLS, under the name that a function may have it by.
  'TWOHOP_SUPABASE_URLS',
  // cloudflared's.
  'TUNNEL_TOKEN',
  // A name that an operator chooses.
  'UPSTREAM_KEY_ANTHROPIC',
  'UPSTREAM_KEY_OPENAI',
])

/**
 * Fields and headers of the programs that docs/migrate.md tells how to leave, a file of onnxruntime's, and a header of a
 * collector.
 */
const OTHERS_NAMES = new Set([
  // The hub's package.
  'retry_on_error',
  // Anthropic's package.
  'continue_unthreaded',
  // litellm, and LangChain for Python.
  'api_base',
  'check_embedding_ctx_length',
  'budget_duration',
  'input_cost_per_token',
  'max_budget',
  'max_parallel_requests',
  'model_list',
  'output_cost_per_token',
  'rpm_limit',
  'tensor_helper',
  'tpm_limit',
  'x-portkey-api-key',
  'x-portkey-metadata',
  'x-portkey-trace-id',
  'x-portkey-virtual-key',
  // Honeycomb's collector.
  'x-honeycomb-team',
])

/** What `find` gives for each page, as `page: what`, for a message that names the place. */
function everywhere(find: (page: Page) => Iterable<string>): string[] {
  return pages.flatMap((page) => [...find(page)].map((what) => `${page.path}: ${what}`))
}

describe('every page', () => {
  it('is read', () => {
    const paths = pages.map(({ path }) => path)
    expect(paths.length).toBeGreaterThan(20)
    for (const path of ['README.md', 'docs/engine.md', 'models/training/chat/README.md'])
      expect(paths).toContain(path)
  })

  it('links to files that exist, and to headings that they have', () => {
    const broken = everywhere(function* ({ path, prose }) {
      for (const [, link = ''] of prose.matchAll(/\]\(<?([^)\s>]+)>?\)/g)) {
        if (/^[a-z][a-z0-9+.-]*:/.test(link)) continue
        const [file = '', anchor] = link.split('#')
        const target = file === '' ? path : posix.join(dirname(path), file)
        const there = file === '' || isThere(target, 'README.md')
        const page = pages.find((one) => one.path === target)
        if (!there || (anchor !== undefined && !page?.anchors.has(anchor))) yield link
      }
    })
    expect(broken).toEqual([])
  })

  it('names paths that exist', () => {
    const missing = everywhere(function* ({ path, prose }) {
      for (const line of prose.split('\n')) {
        let folder = ''
        for (const [, code = ''] of line.matchAll(/`([^`]+)`/g)) {
          const looksLikePath =
            /^[\w.@*{},-]+(\/[\w.@*{},-]+)+\/?$|^[\w.-]+\/$|^[\w.-]+\.(ts|mjs|py|sh|toml)$/
          // A package's name begins with @.
          if (!looksLikePath.test(code) || NO_PATHS.has(code) || code.startsWith('@')) continue
          if (isThere(code, path)) folder = code.endsWith('/') ? code : folder
          // In a list the first may say where the others are: `inference-host/decoding/`, `batching/`.
          else if (folder === '' || ![folder, `${folder}../`].some((at) => isThere(`${at}${code}`, path)))
            yield code
        }
      }
    })
    expect(missing).toEqual([])
  })

  it('names npm scripts that exist', () => {
    const named = everywhere(({ text }) =>
      [...text.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, script = '']) => script),
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((one) => !((one.split(': ')[1] ?? '') in scripts))).toEqual([])
  })

  it('calls programs that exist', () => {
    const missing = everywhere(function* ({ path, text }) {
      const calls = text.matchAll(/\b(?:node|python3?|bash) ([\w./-]+\.(?:ts|mjs|js|py|sh))\b/g)
      for (const [, file = ''] of calls) if (!isThere(file, path)) yield file
    })
    expect(missing).toEqual([])
  })

  it('names commands of `twohop` that exist', async () => {
    const words = pages.flatMap(({ text }) =>
      [...text.matchAll(/\bnpx twohop ([a-z]+)(?: ([a-z]+))?/g)].map(([, first = '', second]) =>
        second === undefined ? first : `${first} ${second}`,
      ),
    )
    expect(words).toContain('accounts suspend')
    for (const command of new Set(words)) {
      const shown: string[] = []
      const context = {
        out: (text: string) => void shown.push(text),
        err: () => {},
        colour: false,
        signal: new AbortController().signal,
      }
      expect(await run([...command.split(' '), '--help'], context), command).toBe(0)
      // A word that is no command of its own gets the help of the one above it.
      expect(shown.join(''), command).toContain(`Usage: twohop ${command}`)
    }
  })

  it('names variables that something reads, and constants that there are', () => {
    const known = new Set([...ofThePage(), ...OTHERS_VARIABLES, ...ofSources()])
    const unknown = everywhere(function* ({ text }) {
      const code = [...text.matchAll(/`[^`\n]+`|^( *)```[\s\S]*?^\1```/gm)].map(([part]) => part).join('\n')
      for (const [name] of code.matchAll(/\b(?<![-/:."'])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g))
        if (!known.has(name)) yield name
    })
    expect(unknown).toEqual([])
  })

  it('names fields, codes, events and headers that there are', () => {
    const metrics = Object.keys(EDGE_METRICS).map((name) => EDGE_PREFIX + name)
    const known = new Set([...namesIn(sourcesText()), ...metrics])
    const unknown = everywhere(function* ({ path, prose }) {
      if (path.startsWith('models/')) return
      const code = [...prose.matchAll(/`[^`\n]+`/g)].map(([part]) => part).join('\n')
      for (const name of namesIn(code)) if (!known.has(name) && !OTHERS_NAMES.has(name)) yield name
    })
    expect(unknown).toEqual([])
  })
})

/** Names of fields, codes, events (`a_b`, `a.b_c`) and of the headers that begin with an x. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])(?:[a-z]+(?:_[a-z0-9]+)+|x-[a-z]+(?:-[a-z]+)*)\b/g)].map(
    ([name]) => name,
  )
}

function sourcesText(): string {
  const files = filesLike(
    '{bench,cli,examples,local,edge,inference-host,shared,supabase}/**/*.{ts,mjs,json,sql}',
  )
  return files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n')
}

/** The variables of both hops and of the tools, by their own page, which another test holds against the code. */
function ofThePage(): string[] {
  const text = pages.find(({ path }) => path === 'docs/configuration.md')?.text ?? ''
  return [...text.matchAll(/^\| `([A-Z_0-9]+)` +\|/gm)].map(([, name = '']) => name)
}

/** Variables of the environment that the sources read, the hops' own lists aside, and constants that they declare. */
function ofSources(): string[] {
  const files = filesLike(
    '{vitest.config,{bench,cli,deploy,examples,local,edge,inference-host,shared,site,test}/**/*}.{ts,mjs}',
  )
  const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n')
  const single = [...texts.matchAll(/\benv\.([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name)
  const several = [...texts.matchAll(/\{([^{}]*)\} = process\.env/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/\b[A-Z][A-Z0-9_]+\b/g)].map(([name]) => name),
  )
  const constants = [...texts.matchAll(/\bconst ([A-Z][A-Z0-9_]*)\b/g)].map(([, name = '']) => name)
  const compose = readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8')
  const composed = [...compose.matchAll(/\$\{([A-Z][A-Z0-9_]*):/g)].map(([, name = '']) => name)
  return [...single, ...several, ...constants, ...composed]
}
