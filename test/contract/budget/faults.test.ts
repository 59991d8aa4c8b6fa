import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createUpstashBudget } from '../../../edge/budget/upstash.ts'
import type { Breaker } from '../../../shared/breaker.ts'
import { storeBreaker } from '../../../shared/upstash-client.ts'
import { describeEachRedis, limits, request, settlement, usage } from './each-redis.ts'

describeEachRedis('a Redis that lost the scripts', (redis) => {
  it('is given them again, with one more round trip the first time', async () => {
    const budget = redis.budget()
    const trips = async (act: () => Promise<unknown>) => {
      const before = await redis.requests()
      await act()
      return (await redis.requests()) - before
    }
    await redis.command('SCRIPT', 'FLUSH')
    const acts = [
      () => budget.reserve(request(crypto.randomUUID())),
      () => budget.settle(settlement(crypto.randomUUID())),
      () => budget.sweep(1),
      () => usage(budget, limits()),
    ]
    for (const act of acts) expect([await trips(act), await trips(act)]).toEqual([2, 1])
  })
})

describe('a store that fails', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    vi.useRealTimers()
    for (const close of closers.splice(0)) close()
  })

  /** A budget before a server that answers with `listener`, and how many requests came. */
  async function budgetBefore(listener: RequestListener, timeoutMs = 2000, breaker?: Breaker) {
    const seen = { requests: 0, headers: [] as string[] }
    const server = createServer((incoming, outgoing) => {
      seen.requests++
      seen.headers.push(...Object.keys(incoming.headers))
      incoming.resume()
      listener(incoming, outgoing)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      seen,
      budget: createUpstashBudget({ url, token: 'secret-token', timeoutMs, breaker, settleRetryMs: [1, 1] }),
    }
  }

  const answering =
    (status: number, body: string): RequestListener =>
    (_incoming, outgoing) =>
      void outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body)

  const unavailable = { code: 'store_unavailable', retryAfterMs: 2000 }

  it.each<[string, RequestListener]>([
    ['closes the connection', (incoming) => incoming.socket.destroy()],
    ['answers 500', answering(500, '{"error":"ERR broken"}')],
    ['answers 401', answering(401, '{"error":"Unauthorized"}')],
    ['answers a page instead of JSON', answering(200, '<html>')],
    ['answers a command with an error', answering(200, '[{"error":"OOM command not allowed"}]')],
    ['answers nothing', answering(200, '[]')],
    ['answers no list', answering(200, '{"result":"Aborted"}')],
    ['answers a word', answering(200, '[{"result":"Aborted"}]')],
    ['answers null', answering(200, '[{"result":null}]')],
    ['grants without counters', answering(200, '[{"result":["granted","ada",1,1]}]')],
    [
      'grants with odd counters',
      answering(200, '[{"result":["granted","ada",1,1,9,0,"x",0,0,0,0,0,0,0,0,0]}]'),
    ],
    ['decides what nobody knows', answering(200, '[{"result":["fine","ada",1,1,0,0,0,0,0,0,0,0,0,0,0,0]}]')],
  ])('refuses and asks once when it %s', async (_name, listener) => {
    const { budget, seen } = await budgetBefore(listener)
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject(unavailable)
    expect(seen.requests).toBe(1)
    await expect(usage(budget, limits(), 'ada')).rejects.toMatchObject(unavailable)
    await expect(budget.sweep(1)).rejects.toMatchObject(unavailable)
  })

  it('refuses when nothing listens', async () => {
    const budget = createUpstashBudget({
      url: 'http://127.0.0.1:9',
      token: 'secret-token',
      settleRetryMs: [],
    })
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject(unavailable)
    await expect(budget.settle(settlement('r1'))).rejects.toMatchObject(unavailable)
  })

  it.each<[string, RequestListener]>([
    ['before its answer', () => {}],
    [
      'in the middle of its answer',
      (_incoming, outgoing) => void outgoing.writeHead(200).write('[{"result":["gr'),
    ],
  ])('refuses in time when it hangs %s', async (_name, listener) => {
    const { budget, seen } = await budgetBefore(listener, 3000)
    const started = performance.now()
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject(unavailable)
    // By its own three seconds and not by the default of 2 s.
    expect(performance.now() - started).toBeGreaterThan(2900)
    expect(seen.requests).toBe(1)
  })

  it('refuses at once when it is known to hang, asks it once in a while, and settles all the same', async () => {
    let hangs = true
    const clock = { now: 0 }
    const breaker = storeBreaker({ now: () => clock.now })
    const { budget, seen } = await budgetBefore(
      (incoming, outgoing) => {
        if (!hangs) answering(200, '[{"result":["account_suspended"]}]')(incoming, outgoing)
      },
      1000,
      breaker,
    )
    const refused = async (id: string) => {
      const started = performance.now()
      await expect(budget.reserve(request(id))).rejects.toMatchObject(unavailable)
      return performance.now() - started
    }
    for (let n = 0; n < 3; n++) expect(await refused(`r${n}`)).toBeGreaterThan(900)
    await Promise.all(Array.from({ length: 100 }, (_, n) => refused(`s${n}`)))
    expect(seen.requests).toBe(3)
    await expect(budget.settle(settlement('r1'))).rejects.toMatchObject(unavailable)
    expect(seen.requests).toBe(6)
    clock.now += 1000
    hangs = false
    expect(await budget.reserve(request('t1'))).toMatchObject({ code: 'account_suspended' })
    expect(await budget.reserve(request('t2'))).toMatchObject({ code: 'account_suspended' })
  })

  it('shuts nobody out for errors that the store answers', async () => {
    const breaker = storeBreaker({ now: () => 0 })
    const { budget, seen } = await budgetBefore(
      answering(400, '{"error":"ERR max request size"}'),
      2000,
      breaker,
    )
    for (let n = 0; n < 6; n++)
      await expect(budget.reserve(request(`r${n}`))).rejects.toMatchObject(unavailable)
    expect(seen.requests).toBe(6)
  })

  it('works again as soon as the store does', async () => {
    let hangs = true
    const { budget } = await budgetBefore((incoming, outgoing) => {
      if (!hangs) answering(200, '[{"result":["account_suspended"]}]')(incoming, outgoing)
    })
    await expect(budget.reserve(request('r1'))).rejects.toMatchObject(unavailable)
    hangs = false
    expect(await budget.reserve(request('r2'))).toMatchObject({ code: 'account_suspended' })
  })

  it('lets no read of usage pass when Redis takes longer than 5 s, as @upstash/ratelimit would', async () => {
    const arrived = Promise.withResolvers<() => void>()
    const used61 = '[{"result":[61,60]},{"result":["usage","ada",0,0,9,0,0,1,9,0,0,1,9,0,0,1]}]'
    const { budget } = await budgetBefore((incoming, outgoing) => {
      arrived.resolve(() => answering(200, used61)(incoming, outgoing))
    }, 30_000)
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const read = usage(budget, limits(), 'ada')
    const answer = await arrived.promise
    await vi.advanceTimersByTimeAsync(20_000)
    answer()
    await expect(read).rejects.toMatchObject({ code: 'rate_limited' })
  })

  it('asks three times to settle, then gives up', async () => {
    const { budget, seen } = await budgetBefore(answering(500, '{"error":"ERR broken"}'))
    await expect(budget.settle(settlement('r1'))).rejects.toMatchObject(unavailable)
    expect(seen.requests).toBe(3)
  })

  it('settles when a later try gets through', async () => {
    let tries = 0
    const { budget } = await budgetBefore((incoming, outgoing) => {
      tries++
      if (tries < 3) incoming.socket.destroy()
      else answering(200, '[{"result":[1]}]')(incoming, outgoing)
    })
    expect(await budget.settle(settlement('r1'))).toMatchObject({ settled: true })
    expect(tries).toBe(3)
  })

  it('shows no token in its error, and sends no telemetry', async () => {
    const { budget, seen } = await budgetBefore(answering(401, '{"error":"Unauthorized"}'))
    const error = await budget.reserve(request('r1')).catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(JSON.stringify([String(error), String((error as Error).cause)])).not.toContain('secret-token')
    expect(seen.headers).toContain('authorization')
    expect(seen.headers.filter((name) => name.startsWith('upstash'))).toEqual([])
  })
})
