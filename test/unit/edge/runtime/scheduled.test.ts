import { expect, it } from 'vitest'
import { createScheduled } from '../../../../edge/runtime/scheduled.ts'
import { readLog } from '../../../fixtures/log.ts'

/** A run in which the named parts fail: what was done in which order, and the lines. */
async function run(...failing: string[]) {
  const { log, lines } = readLog()
  const done: string[] = []
  const part = (name: string) => async () => {
    done.push(name)
    if (failing.includes(name)) throw new RangeError(name)
  }
  const scheduled = createScheduled({
    settleJobs: part('jobs'),
    sweep: part('sweep'),
    drain: part('drain'),
    keepWithin: part('bounds'),
    log,
  })
  const error = await scheduled().catch((thrown: unknown) => thrown)
  return { done, error, told: lines.map(({ level, event }) => `${level} ${event}`) }
}

it('settles jobs, sweeps, drains and keeps within bounds, in that order', async () => {
  expect(await run()).toEqual({ done: ['jobs', 'sweep', 'drain', 'bounds'], error: undefined, told: [] })
})

it('goes on after a failure, tells each, and fails as a whole', async () => {
  expect(await run('jobs', 'sweep', 'drain')).toEqual({
    done: ['jobs', 'sweep', 'drain', 'bounds'],
    error: new RangeError('drain'),
    told: ['error job_settlements_failed', 'error sweep_failed', 'error drain_failed'],
  })
  expect(await run('jobs')).toMatchObject({
    error: new RangeError('jobs'),
    told: ['error job_settlements_failed'],
  })
})
