import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainJson, readEnvFile, withVariables } from '../../../../cli/init/env-file.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-env-'))
})
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }))

const ODD = { id: `it's "a" #1 \`x\` $HOME ü \u2028 \\ {}` }

describe('a file of variables', () => {
  it('is read by Node as it is written, whatever a JSON value holds', async () => {
    const file = join(dir, '.env.odd')
    await writeFile(
      file,
      withVariables(
        '',
        new Map([
          ['ODD', plainJson(ODD)],
          ['NEXT', 'a,b'],
        ]),
      ),
    )
    const script = 'console.log(JSON.stringify([process.env.ODD, process.env.NEXT]))'
    const { stdout } = await promisify(execFile)(process.execPath, [`--env-file=${file}`, '-e', script])
    const [odd, next] = JSON.parse(stdout)
    expect(JSON.parse(odd)).toEqual(ODD)
    expect(next).toBe('a,b')
  })

  it('keeps what else is there, and each line in its place', () => {
    const before = '# mine\nA=1\n\nOTHER=x=y\nB=2\n'
    const after = withVariables(
      before,
      new Map([
        ['B', '3'],
        ['C', '4'],
      ]),
    )
    expect(after).toBe('# mine\nA=1\n\nOTHER=x=y\nB=3\nC=4\n')
    expect(readEnvFile(after)).toEqual(
      new Map([
        ['A', '1'],
        ['OTHER', 'x=y'],
        ['B', '3'],
        ['C', '4'],
      ]),
    )
    expect(withVariables(after, new Map([['B', '3']]))).toBe(after)
  })

  it("reads what others wrote with quotes, as README.md's own commands do", () => {
    expect(readEnvFile(`A='{"kty":"OKP"}'\nB="x"\nnot a variable\nlower=1`)).toEqual(
      new Map([
        ['A', '{"kty":"OKP"}'],
        ['B', 'x'],
      ]),
    )
  })

  it.each(['a#b', "it's", 'a\nb', '$HOME', '`x`', 'a\\b'])('refuses %j, which readers change', (value) => {
    expect(() => withVariables('', new Map([['A', value]]))).toThrow(RangeError)
  })
})
