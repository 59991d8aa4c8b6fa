import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blocks } from '../fixtures/commands/blocks.ts'
import { commandsOf } from '../fixtures/commands/split.ts'
import { createTyping, wordsOf } from '../fixtures/commands/typed.ts'
import { ctrlC, npmStart, ownTemporaryFolder, ROOT, type Started } from './start.ts'

// "Try it" of docs/upstreams.md: the commands of two shells, with free ports for what npm start listens on.

const dir = await ownTemporaryFolder()
const [first = '', second = ''] = blocks
  .filter(({ page, language }) => page === 'docs/upstreams.md' && language === 'sh')
  .map(({ text }) => text)
const { typed, untyped } = createTyping(import.meta.filename)
const commands = commandsOf(first)
const fakes: ChildProcess[] = []
let started: Started

beforeAll(async () => {
  await typed(commands.find((one) => one.startsWith('node local/bootstrap.mjs')) ?? '', {}, (text) =>
    promisify(execFile)('bash', ['-ec', text], { cwd: ROOT }),
  )
  for (const command of commands.filter((one) => one.startsWith('node local/run.mjs ')))
    await typed(command, {}, async (text) => {
      // On a Node that reads no TypeScript, as Node 20 does not.
      const args = ['--no-experimental-strip-types', ...wordsOf(text.replace(/ &.*/, '')).slice(1)]
      const fake = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
      fakes.push(fake)
      // Its one line says that it listens.
      await once(fake.stdout, 'data')
    })
  const start = commands.find((one) => one.startsWith('npm start -- ')) ?? ''
  await typed(start, {}, async (text) => {
    const [, , , ...args] = wordsOf(text)
    started = npmStart(dir, '--port', '0', '--sign-in-port', '0', ...args.map(fromRoot))
    await started.printed('Sign in')
  })
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
  const put = { 'http://127.0.0.1:8787': edge.url, 'npx twohop': `node ${join(ROOT, 'cli/twohop.mjs')}` }
  const env = { ...process.env, TWOHOP_DIR: dir }
  const { stdout } = await typed(second, put, (text) => promisify(execFile)('bash', ['-ec', text], { env }))
  expect(stdout).toMatch(/^ *60 200$/m)
  const { answers } = JSON.parse(/^\{.*\}$/m.exec(stdout)?.[0] ?? '')
  expect(answers).toBeGreaterThan(0)
  expect(answers).toBeLessThan(60)
  expect(stdout).toMatch(/^"day":\{"limit":\d+,"used":[1-9]\d*,/m)
})

test('types what it is listed for', () => expect(untyped()).toEqual([]))
