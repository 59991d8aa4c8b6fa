import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultOf } from '../../../../inference-host/platform/fault.ts'
import { hostileErrors } from '../../../fixtures/hostile-errors.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const CANARY = 'prompt-canary-4711'
const here = expect.stringMatching(/^test\/unit\/inference-host\/platform\/fault\.test\.ts:\d+( < |$)/)

class Strange extends Error {}

describe('what is told of an error', () => {
  test('is its class, where it was thrown, and the class of its cause', () => {
    const error = new Strange(CANARY, { cause: new TypeError(CANARY) })
    expect(faultOf(error)).toEqual({ error: 'Strange', at: here, cause: 'TypeError' })
    expect(faultOf(new Error())).toEqual({ error: 'Error', at: here })
  })

  test('is its type where it is no error', () => {
    expect([CANARY, 7, undefined, { message: CANARY }].map(faultOf)).toEqual(
      ['string', 'number', 'undefined', 'object'].map((error) => ({ error })),
    )
  })

  test('names files of this project and its packages, by their place in it, and no folder of the machine', () => {
    const error = new Error('x')
    const frames = [
      '/dev/null',
      '/srv/elsewhere/file.js',
      `${ROOT}package.json`,
      `${ROOT}gone.ts`,
      `file://${ROOT}README.md`,
    ]
    error.stack = `Error: x\n${frames.map((file) => `    at f (${file}:1:2)`).join('\n')}\n    at node:vm:3:4`
    expect(faultOf(error).at).toBe('package.json:1 < README.md:1')
  })

  test.each<[string, () => Error]>([
    ['a message of one line', () => new Error(CANARY)],
    ['a message that looks like frames', () => new Error(`x\n    at ${CANARY} (/${CANARY}.ts:1:1)`)],
    [
      'a message changed after it was thrown',
      () => Object.assign(new Error(`x\n    at f (/${CANARY}.ts:1:1)`), { message: 'x' }),
    ],
    [
      'a message of which a part is left',
      () => {
        const error = new Error('x')
        error.stack = `Error: x\n    at f (${ROOT}${CANARY}.ts:1:1)`
        return error
      },
    ],
    [
      'a message taken away',
      () => Object.assign(new Error(`\n    at f (/${CANARY}.ts:1:1)`), { message: '' }),
    ],
    ['a stack made up', () => Object.assign(new Error('x'), { stack: `Error: x ${CANARY}` })],
    ['a name made up', () => Object.assign(new Error('x'), { name: CANARY })],
    ['a class made up', () => new ({ [CANARY]: class extends Error {} })[CANARY]('x')],
    ['a cause', () => new Error('x', { cause: new Error(CANARY) })],
    ['a cause that is the text itself', () => new Error('x', { cause: CANARY })],
  ])('has nothing of %s', (_, make) => {
    expect(JSON.stringify(faultOf(make()))).not.toContain(CANARY)
  })

  test('is no place where the stack and the message do not go together', () => {
    const error = new Error('xyz')
    error.stack = `Error: abc\n    at f (${ROOT}README.md:4711:1)`
    expect(faultOf(error)).toEqual({ error: 'Error' })
  })

  test('has nothing of any message', async () => {
    await fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const told = JSON.stringify(faultOf(new Error(before + CANARY + after)))
        return !told.includes(CANARY)
      }),
    )
  })
})

test.each(hostileErrors(CANARY))(
  'an error that cannot be looked at is told of all the same: %s',
  (_, made) => {
    const told = faultOf(made())
    expect(told).toMatchObject({ error: 'Error' })
    expect(JSON.stringify(told)).not.toContain(CANARY)
  },
)
