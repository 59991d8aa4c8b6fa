import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'

const RUN = join(ROOT, 'local/run.mjs')
/** What makes this Node one that reads no TypeScript, as Node 20 does not. */
const OLD = '--no-experimental-strip-types'
let dir = ''
const file = (name: string) => join(dir, name)

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-run-'))
  const told = '[process.argv.slice(1), process.env.FROM_FILE]'
  await writeFile(file('tells.ts'), `const told: unknown = ${told}\nconsole.log(JSON.stringify(told))\n`)
  await writeFile(file('fails.ts'), 'const code: number = 7\nprocess.exitCode = code\n')
  await writeFile(
    file('waits.ts'),
    `process.on('SIGTERM', (): void => process.exit(5))
setInterval((): void => {}, 1000)
console.log(process.pid)\n`,
  )
  await writeFile(file('.env'), 'FROM_FILE=yes\n')
})
afterAll(() => rm(dir, { recursive: true }))

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, { cwd: dir }).then(
    ({ stdout }) => ({ code: 0, out: stdout, err: '' }),
    ({ code, stdout, stderr }) => ({ code, out: stdout as string, err: stderr as string }),
  )

describe.each([
  ['reads TypeScript', []],
  ['does not', [OLD]],
])('on a Node that %s, local/run.mjs', (_kind, old) => {
  it('runs a file with its words, as if it had been called alone', async () => {
    const { code, out } = await run(...old, RUN, 'tells.ts', 'a b', '--c')
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 0, out: [[file('tells.ts'), 'a b', '--c'], null] })
  })

  it('hands on options of Node, and the code with which the file ends', async () => {
    const { out } = await run(...old, RUN, `--env-file=${file('.env')}`, 'tells.ts')
    expect(JSON.parse(out)).toEqual([[file('tells.ts')], 'yes'])
    expect(await run(...old, RUN, 'fails.ts')).toMatchObject({ code: 7 })
  })

  it('ends with the file when it is killed, as `kill $!` does it', async () => {
    const running = spawn(process.execPath, [...old, RUN, file('waits.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = await once(running.stdout, 'data')
    running.kill()
    expect(await once(running, 'exit')).toEqual([5, null])
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  it('says how it is used', async () => {
    expect(await run(...old, RUN)).toMatchObject({ code: 2, err: expect.stringContaining('usage: ') })
  })
})

it('a Node that does not read TypeScript is one that crashes on it', async () => {
  expect(await run(OLD, 'fails.ts')).toMatchObject({ code: 1, err: expect.stringContaining('SyntaxError') })
})
