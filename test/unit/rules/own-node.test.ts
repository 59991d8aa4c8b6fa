import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeLines, ROOT, repositoryFiles } from '../../fixtures/imports.ts'
import { readPages } from '../../fixtures/pages.ts'

/**
 * TypeScript that the `node` of a shell is to run, as in `node bench/run.ts`. On Node 20 it crashes: the project's own Node is found
 * by npm in a script that began after `local/bootstrap.mjs`, and else by `local/run.mjs`.
 */
function onAnyNode(text: string): string[] {
  return [...text.matchAll(/(?<![\w$@./-])node\s+(?:-\S+\s+)*["']?[^\s"'`]+\.m?tsx?\b/g)].map(
    ([found]) => found,
  )
}

/** What installs the Node beside an old one, where it stands in a script of npm. */
const READIES = /^node local\/(?:bootstrap|run)\.mjs\b/

type Scripts = Readonly<Record<string, string>>
/** Scripts that run TypeScript on the Node that their shell found before the own one was there, or with none to install it. */
function tooEarly(scripts: Scripts): string[] {
  return Object.entries(scripts)
    .filter(([name, script]) => {
      const begun = READIES.test(scripts[`pre${name}`] ?? '')
      return onAnyNode(script).length > 0 && (!begun || /local\/(?:bootstrap|run)\.mjs/.test(script))
    })
    .map(([name]) => name)
}

/** Scripts of npm are held by themselves; the tests and the models have nothing that is run by its settings. */
const OTHER_SETTINGS = /^(?:test|models)\/|(?:^|\/)package(?:-lock)?\.json$/

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const files = repositoryFiles()
const scriptsOf = (file: string) => (JSON.parse(read(file)) as { scripts?: Scripts }).scripts ?? {}

/** Commands of a text that run TypeScript on any Node, each with its file. */
const strays = (named: readonly string[], textOf = read) =>
  named.flatMap((file) => onAnyNode(textOf(file)).map((command) => `${file}: ${command}`))

describe('TypeScript is never left to the Node of a shell, which may be too old for it,', () => {
  it('by a script of npm: the own Node is there before its shell looks for one', () => {
    const scripts = scriptsOf('package.json')
    expect(tooEarly(scripts)).toEqual([])
    const begun = ([name, script]: [string, string]) => READIES.test(scripts[`pre${name}`] ?? script)
    expect(Object.entries(scripts).filter((one) => !begun(one))).toEqual([])
  })

  it('by a script of another package, but where one of the root runs it', () => {
    const packages = files.filter((file) => /.\/package\.json$/.test(file) && !file.startsWith('test/'))
    expect(packages.length).toBeGreaterThan(3)
    const root = Object.values(scriptsOf('package.json')).join('\n')
    const alone = packages.flatMap((file) =>
      tooEarly(scriptsOf(file)).filter(
        (name) => !root.includes(`npm run ${name} --prefix ${path.posix.dirname(file)}`),
      ),
    )
    expect(alone).toEqual([])
  })

  it('by a page', () => {
    const pages = readPages().filter((page) => page.path !== 'CHANGELOG.md')
    expect(pages.length).toBeGreaterThan(40)
    expect(pages.flatMap(({ path: page, text }) => onAnyNode(text).map((one) => `${page}: ${one}`))).toEqual(
      [],
    )
  })

  it('by a script of a shell, of CI or of a platform', () => {
    const shell = files.filter((file) => /^#!.*\b(?:ba)?sh\b/.test(read(file).slice(0, 80)))
    expect(shell).toContain('deploy/backup/restore')
    expect(shell).toContain('.ci/run')
    // An image has the Node that its first line names.
    const settings = files.filter((file) => /\.(?:ya?ml|json|toml)$/.test(file) && !OTHER_SETTINGS.test(file))
    expect(settings).toContain('wrangler.toml')
    expect(settings.length).toBeGreaterThan(20)
    expect(strays([...shell, ...settings])).toEqual([])
  })

  it('by what a program says to do', () => {
    const sources = files.filter((file) => /^(?!test\/|examples\/).*(?<!\.d)\.(?:tsx?|mjs)$/.test(file))
    expect(sources.length).toBeGreaterThan(500)
    expect(strays(sources, (file) => codeLines(file).join('\n'))).toEqual([])
  })

  it('and is found where it is', () => {
    expect(
      onAnyNode(
        `node a/b.ts; x=$(node --env-file=.env "$here/c.ts") && npm exec -c 'node d.ts' & node e.ts|cat`,
      ),
    ).toHaveLength(4)
    expect(onAnyNode('node a.mjs b.ts; node -p 1; .bin/node a.ts; on-node a.ts; tsc a.ts')).toEqual([])
    const scripts = {
      ...{ prea: 'node local/bootstrap.mjs', a: 'node a.ts' },
      ...{ preb: 'node local/bootstrap.mjs && node c.ts', b: 'node b.ts' },
      ...{ prec: 'node local/run.mjs c.ts', c: 'tsc && node c.ts' },
      d: 'node d.ts',
    }
    expect(tooEarly(scripts)).toEqual(['preb', 'd'])
  })
})
