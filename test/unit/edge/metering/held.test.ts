import { expect, it } from 'vitest'
import type { Bill } from '../../../../edge/metering/bill.ts'
import { heldOf } from '../../../../edge/metering/held.ts'
import { NO_SPAN } from '../../../../shared/tracing/port.ts'
import { readLog } from '../../../fixtures/log.ts'
import { allowance, chat, work } from '../../../fixtures/metered.ts'

type Settled = Parameters<Bill['settle']>

/** What is held of a request that began at 1000 ms, and what its bill was told. */
function held({ tries = 1, stream = true, fails = false } = {}) {
  const settled: Settled[] = []
  const firsts: number[] = []
  const background: Promise<unknown>[] = []
  const lost: unknown[] = []
  let ms = 1000
  const { log, lines } = readLog()
  const bill: Bill = {
    startedMs: 1000,
    firstMs: () => firsts.at(-1),
    first: (at) => void firsts.push(at - 1000),
    loseTry: (used) => void lost.push(used),
    chargeJudge() {},
    async settle(...what) {
      settled.push(what)
      if (fails) throw new Error('away')
    },
  }
  const granted = {
    ...{ requestId: 'r1', account: 'ada', plan: 'free', version: 'a', weight: 1, allowance },
    ...{ work: work({ stream, model: { ...chat, tries } }), reservedComputeMs: 0 },
    ...{ repeatable: false, cacheable: false },
  }
  const around = {
    bill,
    span: NO_SPAN,
    now: () => ms,
    log,
    background: (task: Promise<unknown>) => void background.push(task),
  }
  return {
    one: heldOf(granted, around),
    settled,
    firsts,
    lost,
    lines,
    background,
    pass: (more: number) => (ms += more),
  }
}

it('is settled once, whatever comes after, and resolves then', async () => {
  const { one, settled, background } = held()
  one.settle('ok', undefined)
  one.settle('failed', { promptTokens: 9, outputTokens: 9, computeMs: 9 })
  await one.settled
  const nothing = { promptTokens: 0, outputTokens: 0, computeMs: 0 }
  expect(settled).toEqual([[{ account: 'ada', version: 'a' }, 'ok', nothing, undefined]])
  expect(background).toHaveLength(1)
})

it('resolves where the settlement fails for good, and has a line for it', async () => {
  const { one, lines } = held({ fails: true })
  one.settle('ok', undefined)
  await one.settled
  expect(lines).toMatchObject([
    { level: 'error', event: 'settlement_failed', request_id: 'r1', outcome: 'ok' },
  ])
})

it('counts time from the last try, where the reservation covers a second', () => {
  const { one, lost, pass } = held({ tries: 2 })
  pass(250)
  expect(one.elapsedMs()).toBe(250)
  one.spare?.lost(Promise.resolve(undefined))
  expect(lost).toHaveLength(1)
  pass(40)
  expect(one.elapsedMs()).toBe(40)
  expect(held().one.spare).toBeUndefined()
})

it('notes the first of a stream: now, once; or as the host says, and never later than now', () => {
  const { one, firsts, pass } = held()
  pass(10)
  one.calling()
  pass(30)
  one.first()
  pass(30)
  one.first()
  expect(firsts).toEqual([40])
  one.first(20)
  one.first(99_000)
  expect(firsts).toEqual([40, 30, 70])
  const whole = held({ stream: false })
  whole.one.first()
  expect(whole.firsts).toEqual([])
})
