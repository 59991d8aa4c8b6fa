import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocks } from '../fixtures/commands/blocks.ts'
import { commandsOf, onOneLine } from '../fixtures/commands/split.ts'
import { ctrlC, npmStart, ownTemporaryFolder, ROOT, type Started } from './start.ts'

// "Try it" of docs/upstreams.md: the commands of two shells, with free ports for what npm start listens on.

const dir = await ownTemporaryFolder()
const [first = '', second = ''] = blocks
  .filter(({ page, language }) => page === 'docs/upstreams.md' && language === 'sh')
  .map(({ text }) => text)
const typed = commandsOf(first).map(onOneLine)
const fakes: ChildProcess[] = []
let started: Started

beforeAll(async () => {
  for (const command of typed.filter((one) => one.startsWith('node '))) {
    const [, ...args] = command.replace(/ &.*/, '').split(' ')
    const fake = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    fakes.push(fake)
    // Its one line says that it listens.
    await once(fake.stdout, 'data')
  }
  const start = typed.find((one) => one.startsWith('npm start -- ')) ?? ''
  const args = start.replace('npm start -- ', '').split(' ').map(fromRoot)
  started = npmStart(dir, '--port', '0', '--sign-in-port', '0', ...args)
  await started.printed('Sign in')
})
afterAll(async () => {
  ctrlC(started)
  await started.closed
  for (const fake of fakes) fake.kill()
})
const fromRoot = (word: string) => (word.includes('/') ? join(ROOT, word) : word)

test('asks sixty times, of which the fake computes a part, and all are paid', async () => {
  const { edge } = await started.stack()
  expect(fakes).toHaveLength(2)
  const here = second
    .replaceAll('http://127.0.0.1:8787', edge.url)
    .replaceAll('npx twohop', `node ${join(ROOT, 'cli/twohop.mjs')}`)
  const { stdout } = await promisify(execFile)('bash', ['-ec', here], {
    env: { ...process.env, TWOHOP_DIR: dir },
  })
  expect(stdout).toMatch(/^ *60 200$/m)
  const { answers } = JSON.parse(/^\{.*\}$/m.exec(stdout)?.[0] ?? '')
  expect(answers).toBeGreaterThan(0)
  expect(answers).toBeLessThan(60)
  expect(stdout).toMatch(/^"day":\{"limit":\d+,"used":[1-9]\d*,/m)
})
