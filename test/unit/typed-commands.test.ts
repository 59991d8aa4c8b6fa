import { expect, it } from 'vitest'
import { commandOf, createTyping, wordsOf } from '../fixtures/commands/typed.ts'

const FILE = 'test/unit/cli/cost/forecast.test.ts'
const COMMAND = commandOf('docs/cost.md', 'npx twohop cost --forecast')

it('notes a command of a page once it was run with all its options, and no other', async () => {
  const { typed, untyped } = createTyping(FILE)
  const run = (here: string) => here
  await expect(typed('npx twohop cost --forecasts', {}, run)).rejects.toThrow('no page has this command')
  await expect(typed(COMMAND, { ' --combination workers-fly': '' }, run)).rejects.toThrow('--combination')
  await expect(typed(COMMAND, { 'node-fly': 'x' }, run)).rejects.toThrow('node-fly is not in the command')
  await expect(typed(COMMAND, {}, () => Promise.reject(new Error('it fails')))).rejects.toThrow('it fails')
  expect(untyped()).toEqual([COMMAND])
  expect(await typed(COMMAND, { 'workers-fly': 'node-fly' }, run)).toContain('--combination node-fly')
  expect(untyped()).toEqual([])
})

it('reads the words of a command as a shell does', () => {
  expect(wordsOf(`npx a 'b c' "d e" \\\n  --f=g   # what it does`)).toEqual([
    'npx',
    'a',
    'b c',
    'd e',
    '--f=g',
  ])
})
