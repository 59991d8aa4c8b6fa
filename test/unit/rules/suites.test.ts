import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readSources, repositoryFiles, type Source } from '../../fixtures/imports.ts'

const sources = readSources(repositoryFiles().filter((file) => /^test\/.*(?<!\.d)\.tsx?$/.test(file)))

/** The folder right in test/ that a file lies in: a suite, or the fixtures. None of what runs the suites, which lies beside them. */
function folderOf(file: string): string | undefined {
  return /^test\/([^/]+)\//.exec(file)?.[1]
}

/** Each import of another folder of test/ than the own one and the fixtures, as `from -> to`. */
function betweenSuites(files: readonly Pick<Source, 'file' | 'files'>[]): string[] {
  return files.flatMap(({ file, files: imported }) => {
    const own = folderOf(file)
    if (own === undefined) return []
    return imported
      .filter((each) => ![undefined, 'fixtures', own].includes(folderOf(each)))
      .map((each) => `${file} -> ${each}`)
  })
}

/** What `test/fixtures/` builds, made beside it: the shipped catalog parsed anew, a user who lacks fields. */
function madeAgain(text: string): string[] {
  const [, shipped = 'catalog.json'] = /^import (\w+) from '.*shared\/catalog\.json'/m.exec(text) ?? []
  return [`Catalog.parse(${shipped})`, 'as Principal'].filter((words) => text.includes(words))
}

describe('what suites share', () => {
  it('is in test/fixtures/: no suite imports a file of another, and no fixture one of a suite', () => {
    expect(sources.length).toBeGreaterThan(900)
    expect(betweenSuites(sources)).toEqual([])
  })

  it('is not made again: the shipped catalog, a verified user', () => {
    const made = sources
      .filter(({ file }) => folderOf(file) !== 'fixtures' && !file.endsWith('rules/suites.test.ts'))
      .flatMap(({ file }) =>
        madeAgain(readFileSync(path.join(ROOT, file), 'utf8')).map((words) => `${file}: ${words}`),
      )
    expect(made).toEqual([])
    expect(madeAgain("import a from '../shared/catalog.json'\nconst b = Catalog.parse(a)")).toHaveLength(1)
  })

  it('is found where it is not', () => {
    const files = [
      { file: 'test/stack/a.test.ts', files: ['test/stack/b.ts', 'test/fixtures/c.ts', 'edge/app.ts'] },
      { file: 'test/dashboard/d.ts', files: ['test/stack/b.ts'] },
      { file: 'test/fixtures/c.ts', files: ['test/host/e.ts', 'test/fixtures/f.ts'] },
      { file: 'test/setup.ts', files: ['test/stack/b.ts', 'test/setups.ts'] },
      { file: 'test/unit/test/setups.test.ts', files: ['test/setups.ts'] },
    ]
    expect(betweenSuites(files)).toEqual([
      'test/dashboard/d.ts -> test/stack/b.ts',
      'test/fixtures/c.ts -> test/host/e.ts',
    ])
  })
})
