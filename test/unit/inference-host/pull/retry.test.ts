import { describe, expect, it } from 'vitest'
import { retry, Transient } from '../../../../inference-host/pull/retry.ts'
import type { ModelError } from '../../../../inference-host/weights/error.ts'

const failure = new Error('the hub is away') as ModelError

/** Runs an attempt that fails so often, and gives what came of it and the waits between. */
async function run(failures: unknown[], attempts = 5) {
  const waits: number[] = []
  let tries = 0
  const policy = {
    attempts,
    sleep: async (ms: number) => void waits.push(ms),
    random: () => 0.5,
  }
  const attempt = async () => {
    const failed = failures[tries++]
    if (failed !== undefined) throw failed
    return 'done'
  }
  const result = await retry(attempt, policy, new AbortController().signal).catch((error: unknown) => error)
  return { result, tries, waits }
}
const transient = (afterMs?: number) => new Transient(failure, afterMs)

describe('trying again', () => {
  it('waits longer each time, a random share of it', async () => {
    expect(await run([transient(), transient(), transient()])).toEqual({
      result: 'done',
      tries: 4,
      waits: [250, 500, 1000],
    })
  })

  it('waits no less than the other side asked for, and 20 s at most', async () => {
    expect((await run([transient(3000), transient(60_000)])).waits).toEqual([3000, 20_000])
    expect((await run(new Array(9).fill(transient()), 9)).waits.at(-1)).toBe(20_000)
  })

  it('ends with the failure after the last try, and at once with any other', async () => {
    expect(await run(new Array(9).fill(transient()), 3)).toMatchObject({ result: failure, tries: 3 })
    const other = new Error('no such file')
    expect(await run([other])).toEqual({ result: other, tries: 1, waits: [] })
  })
})
