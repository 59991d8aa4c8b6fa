import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startTurns, takeTurn } from '../../turns.ts'

let turns: Awaited<ReturnType<typeof startTurns>>
beforeAll(async () => {
  turns = await startTurns()
})
afterAll(() => turns.stop())

/** Asks for a turn, and notes when it comes. */
function asking(name: string) {
  const asked = { has: false, turn: takeTurn(turns.url, name) }
  asked.turn.then(
    () => {
      asked.has = true
    },
    () => {},
  )
  return asked
}

it('one has a turn at a time, in the order in which they asked; another name is another turn', async () => {
  const first = asking('a')
  const giveBack = await first.turn
  const second = asking('a')
  // Whoever asks later is heard later, on this one thread.
  const other = await asking('b').turn
  const third = asking('a')
  const another = await asking('c').turn
  expect([second.has, third.has]).toEqual([false, false])
  giveBack()
  const next = await second.turn
  await asking('d').turn.then((back) => back())
  expect(third.has).toBe(false)
  next()
  const last = await third.turn
  for (const back of [last, other, another]) back()
})

it('a turn ends with the process that has it', async () => {
  const child = waiting('dead')
  await once(child.stdout ?? child, 'data')
  const behind = asking('dead')
  await asking('f').turn.then((back) => back())
  expect(behind.has).toBe(false)
  child.kill('SIGKILL')
  ;(await behind.turn)()
})

it('nobody waits for turns that have ended', async () => {
  const ended = await startTurns()
  await takeTurn(ended.url, 'a')
  const waits = takeTurn(ended.url, 'a')
  await ended.stop()
  await expect(waits).rejects.toThrow()
})

/** A process that asks for a turn, says when it has it, and keeps it. */
function waiting(name: string): ChildProcess {
  const script = `
    import { takeTurn } from ${JSON.stringify(join(import.meta.dirname, '../../turns.ts'))}
    await takeTurn(${JSON.stringify(turns.url)}, '${name}')
    console.log('has it')
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
