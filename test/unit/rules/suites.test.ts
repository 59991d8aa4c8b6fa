import { describe, expect, it } from 'vitest'
import { readSources, repositoryFiles, type Source } from '../../fixtures/imports.ts'

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

describe('what suites share', () => {
  it('is in test/fixtures/: no suite imports a file of another, and no fixture one of a suite', () => {
    expect(sources.length).toBeGreaterThan(900)
    expect(betweenSuites(sources)).toEqual([])
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
