import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../bench/interrupt.ts', import.meta.url).href

/** A process that cleans up when it is interrupted, or never ends by itself. */
async function start(cleanUp: string) {
  const script = `
    import { untilInterrupted } from '${MODULE}'
    const timer = setInterval(() => {}, 1000)
    untilInterrupted(console.log).addEventListener('abort', () => { ${cleanUp} })
    console.log('runs')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => (await lines.next()).value
  expect(await line()).toBe('runs')
  return { child, line, ended: once(child, 'exit') }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s lets a benchmark end what it has started, and ends with %i', async (signal, code) => {
  const { child, line, ended } = await start('clearInterval(timer)')
  child.kill(signal)
  expect(await line()).toBe('interrupted: ending what runs')
  expect(await ended).toEqual([code, null])
})

test('a second one ends it at once', async () => {
  const { child, line, ended } = await start('')
  child.kill('SIGINT')
  expect(await line()).toBe('interrupted: ending what runs')
  child.kill('SIGINT')
  expect(await ended).toEqual([null, 'SIGINT'])
})
