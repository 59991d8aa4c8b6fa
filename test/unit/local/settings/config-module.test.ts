import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../../../fixtures/pages.ts'

const CONFIG = 'twohop.config.ts'
const READER = pathToFileURL(join(ROOT, 'local/settings/config-module.ts')).href
/** For a process of its own, as `npm start` is one: a file that vitest imports is read by its own rules. */
const PRINT = `const { importDefault } = await import(${JSON.stringify(READER)})
const said = await importDefault(process.argv[2]).then((settings) => ({ settings }), ({ message }) => ({ message }))
console.log(JSON.stringify(said))`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-config-'))
  return () => rm(folder, { recursive: true, maxRetries: 10 })
})
const write = (name: string, text: string) => writeFile(join(folder, name), text)

/** The settings or the complaint, and what Node warns of. */
async function read(): Promise<{ settings?: unknown; message?: string; warnings: string }> {
  await write('print.mjs', PRINT)
  const argv = [join(folder, 'print.mjs'), join(folder, CONFIG)]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, argv)
  return { ...JSON.parse(stdout), warnings: stderr }
}

describe.each([
  ['"type": "commonjs", as npm init writes', { name: 'mine', type: 'commonjs' }],
  ['no "type"', { name: 'mine' }],
  ['"type": "module"', { name: 'mine', type: 'module' }],
])('in a folder with %s', (_, packageJson) => {
  beforeEach(() => write('package.json', JSON.stringify(packageJson)))

  it('reads the file that docs/start.md shows, without a warning', async () => {
    const page = await readFile(join(ROOT, 'docs/start.md'), 'utf8')
    const [, shown = ''] = /```ts\n(export default[\s\S]*?)```/.exec(page) ?? []
    await write(CONFIG, shown)
    expect(await read()).toEqual({
      settings: {
        origins: ['https://app.example'],
        supabaseUrls: ['https://abc.supabase.co'],
        edge: { ANONYMOUS_PLAN: 'free' },
      },
      warnings: '',
    })
  })

  it('reads what it imports: TypeScript, JSON and packages', async () => {
    await write('ports.ts', "import { more } from './more.ts'\nexport const port: number = 9000 + more\n")
    await write('more.ts', 'export const more: number = 1\n')
    await write('catalog.json', '{"default_plan": "free"}')
    await write(
      CONFIG,
      `import { basename } from 'node:path'
import catalog from './catalog.json' with { type: 'json' }
import { port } from './ports.ts'
export default { port, catalog, models: basename(import.meta.filename) } satisfies object`,
    )
    expect(await read()).toEqual({
      settings: { port: 9001, catalog: { default_plan: 'free' }, models: CONFIG },
      warnings: '',
    })
  })
})

describe('what cannot be read', () => {
  beforeEach(() => write('package.json', '{"type": "commonjs"}'))

  it.each([
    [
      'module.exports = {}',
      'module is not defined in ES module scope: write import and export default instead',
    ],
    [
      "import './plans'\nexport default {}",
      /^Cannot find module '.*plans' imported from .*: an import needs the whole name of its file, like \.\/plans\.ts$/,
    ],
    [
      "import { plan } from './plans.js'\nexport default { plan }",
      /^Named export 'plan' not found\..*: package\.json says what a \.js file is; name it \.ts or \.mjs$/,
    ],
  ])('is one line with what to do: %j', async (text, line) => {
    await write('plans.js', 'module.exports = {}')
    await write(CONFIG, text)
    expect((await read()).message).toMatch(line)
  })
})
