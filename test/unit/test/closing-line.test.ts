import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'

const TESTS = `describe('a key', () => {
  it('opens', () => {})
  it('closes', () => {})
  it.skip('turns: there is no lock here', () => {})
})
describe('a door', () => {
  it('is open', () => {})
  it('is red', () => { expect(1).toBe(process.env.RED === undefined ? 1 : 2) })
})
describe('a wall', () => {
  beforeAll(() => { if (process.env.RED !== undefined) throw new Error('no bricks') })
  it('stands', () => {})
})
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-closing-line-'))
  const reporters = [join(ROOT, 'test/closing-line.ts')]
  await writeFile(
    join(folder, 'vitest.config.js'),
    `export default ${JSON.stringify({ test: { globals: true, reporters } })}`,
  )
  await writeFile(join(folder, 'a.test.js'), TESTS)
})
afterAll(() => rm(folder, { recursive: true, maxRetries: 10 }))

/** A run of its own over the tests above: its last lines and exit code. */
async function run(
  words: string[],
  env: Record<string, string> = {},
): Promise<{ lines: string[]; code: number }> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--root', folder, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { lines: out.trim().split('\n'), code }
}

it('names what the machine cannot run', async () => {
  expect(await run([])).toEqual({
    lines: ['not run here: a key > turns: there is no lock here', '5 passed, 0 failed, 1 skipped'],
    code: 0,
  })
})

it('counts what -t left out, and names of the rest alone what the machine cannot run', async () => {
  expect(await run(['-t', 'a key'])).toEqual({
    lines: [
      'not run here: a key > turns: there is no lock here',
      'left out, because they were not asked for: 3',
      '2 passed, 0 failed, 1 skipped',
    ],
    code: 0,
  })
  expect(await run(['-t', 'a door > is open'])).toEqual({
    lines: ['left out, because they were not asked for: 5', '1 passed, 0 failed, 0 skipped'],
    code: 0,
  })
})

it('does so with a line of a file', async () => {
  expect(await run(['a.test.js:6'])).toEqual({
    lines: ['left out, because they were not asked for: 4', '2 passed, 0 failed, 0 skipped'],
    code: 0,
  })
})

it('fails where -t fits nothing', async () => {
  expect(await run(['-t', 'a window'])).toEqual({
    lines: [
      'failed: no test has a name that fits -t: names are written as "suite > test"',
      'left out, because they were not asked for: 6',
      '0 passed, 1 failed, 0 skipped',
    ],
    code: 1,
  })
})

it('names as failed alone what a hook or --bail kept from running', async () => {
  expect(await run(['-t', 'a wall'], { RED: '1' })).toEqual({
    lines: [
      'failed: a.test.js > a wall: no bricks',
      'left out, because they were not asked for: 5',
      '0 passed, 1 failed, 0 skipped',
    ],
    code: 1,
  })
  expect(await run(['--bail', '1', '-t', 'a door|a wall'], { RED: '1' })).toMatchObject({
    lines: expect.not.arrayContaining([expect.stringContaining('not run here')]),
    code: 1,
  })
})
