import { expect, it } from 'vitest'
import { createUpstreamBreaker } from '../../../../edge/upstream/upstream-breaker.ts'
import { ServiceAway } from '../../../../shared/breaker.ts'
import { type ErrorCode, TwohopError } from '../../../../shared/errors.ts'

/** A breaker whose calls end with what is set: a code, or nothing. */
function world(isOwn = false) {
  const state = { ms: 0, code: undefined as ErrorCode | undefined, ready: undefined as ErrorCode | undefined }
  const told: boolean[] = []
  let asked = 0
  let calls = 0
  const end = (code: ErrorCode | undefined) => {
    if (code) throw new TwohopError(code, 'x')
  }
  const breaker = createUpstreamBreaker({
    isReady: async () => {
      asked++
      end(state.ready)
      return true
    },
    isOwn,
    now: () => state.ms,
    onChange: (away) => told.push(away),
  })
  async function call(code?: ErrorCode) {
    const run = breaker.guard(async () => {
      calls++
      end(code)
      return 'ok'
    })
    return run.catch((error: unknown) => (error instanceof ServiceAway ? 'away' : 'failed'))
  }
  return { state, told, breaker, call, counts: () => ({ asked, calls }) }
}

it('an upstream that nobody reaches is away at once, and asked by a call of its own once a second', async () => {
  const { state, told, call, counts } = world()
  expect([await call(), await call('host_unavailable'), await call(), await call()]).toEqual([
    'ok',
    'failed',
    'away',
    'away',
  ])
  expect(counts()).toEqual({ asked: 0, calls: 2 })
  state.ready = 'host_unavailable'
  state.ms = 1000
  expect([await call(), await call()]).toEqual(['away', 'away'])
  expect(counts()).toEqual({ asked: 1, calls: 2 })
  state.ready = undefined
  state.ms = 2000
  expect([await call(), await call()]).toEqual(['away', 'ok'])
  expect(told).toEqual([true, false])
})

it('a foreign one that fails three times in a row is away, an own host is not', async () => {
  for (const isOwn of [false, true]) {
    const { call, told } = world(isOwn)
    for (const code of ['host_failed', 'host_timeout'] as const) await call(code)
    await call()
    for (const code of ['host_failed', 'host_timeout', 'host_failed'] as const)
      expect(await call(code)).toBe('failed')
    expect(await call()).toBe(isOwn ? 'ok' : 'away')
    expect(told).toEqual(isOwn ? [] : [true])
  }
})

it('what is busy, or refuses a request, is there', async () => {
  const { call, told } = world()
  for (let i = 0; i < 5; i++)
    for (const code of ['host_busy', 'invalid_request'] as const) expect(await call(code)).toBe('failed')
  expect(told).toEqual([])
})

it('a call that was broken off says nothing of it', async () => {
  const { breaker, call, told } = world()
  const leave = () =>
    breaker.watch(() => Promise.reject(new DOMException('gone', 'AbortError'))).catch(() => {})
  for (const code of ['host_timeout', 'host_timeout', 'host_timeout'] as const) {
    await call(code)
    await leave()
  }
  expect([await call(), told]).toEqual(['away', [true]])
})

it('a probe finds out by itself, and never throws', async () => {
  const { state, breaker, told, call } = world(true)
  state.ready = 'host_unavailable'
  await breaker.probe()
  expect(await call()).toBe('away')
  state.ready = undefined
  await breaker.probe()
  expect(await call()).toBe('ok')
  expect(told).toEqual([true, false])
})
