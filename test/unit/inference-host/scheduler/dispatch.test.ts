import { describe, expect, test } from 'vitest'
import { createDispatcher, structureTokens } from '../../../../inference-host/scheduler/dispatch.ts'
import { type Gate, OPEN } from '../../../../inference-host/scheduler/gate.ts'
import { createPace } from '../../../../inference-host/scheduler/pace.ts'
import { createSlots } from '../../../../inference-host/scheduler/slots.ts'
import { createTicket, type Ticket } from '../../../../inference-host/scheduler/ticket.ts'
import { createWaiting } from '../../../../inference-host/scheduler/waiting.ts'
import { CHAT_WORK, createHandEngine, runOf } from '../../../fixtures/hand-engine.ts'

const FAR = 60_000

function setUp(gate: Partial<Gate> = {}) {
  const engine = createHandEngine()
  const calls: string[] = []
  const waiting = createWaiting<Ticket>()
  const slots = createSlots<Ticket>({ slots: 1, spareSlots: 0, prefills: 9 })
  const clock = { ms: 0 }
  const dispatcher = createDispatcher({
    engine,
    gate: {
      ...OPEN,
      knock: () => void calls.push('knock'),
      rest: () => void calls.push('rest'),
      ...gate,
    },
    waiting,
    slots,
    clock: () => clock.ms,
  })
  const ticket = (priority: 'interactive' | 'job' = 'interactive', deadline = FAR, account = '') => {
    const made = createTicket({
      work: { ...CHAT_WORK },
      deadline,
      asker: { priority, account },
      observe: () => {},
      pace: createPace({ slots: 1, now: () => 0 }),
      clock: () => 0,
      now: () => 0,
      onEnd: dispatcher.leave,
    })
    waiting.add(made)
    return made
  }
  return { engine, calls, waiting, slots, clock, ticket, ...dispatcher }
}

describe('dispatching', () => {
  test('starts the next one in the moment in which the one before ends', () => {
    const { engine, dispatch, ticket, calls } = setUp()
    const [first, second] = [ticket(), ticket()]
    dispatch()
    expect(engine.runs).toHaveLength(1)
    runOf(engine).end({ how: 'failed' })
    expect(engine.runs).toHaveLength(2)
    expect(calls).toEqual([])
    runOf(engine, 1).end({ how: 'failed' })
    expect(calls).toEqual(['rest'])
    expect([first.entry.run.report().queueMs, second.entry.run.report().queueMs]).toEqual([0, 0])
  })

  test('starts nothing behind a shut gate, but knocks at it', () => {
    const { engine, dispatch, ticket, calls, waiting } = setUp({ open: () => false })
    ticket()
    dispatch()
    expect([engine.runs.length, waiting.size, calls]).toEqual([0, 1, ['knock']])
  })

  test('holds back jobs, not requests, where another model wants the memory', () => {
    const { engine, dispatch, ticket, waiting } = setUp({ yields: () => true })
    ticket('job')
    dispatch()
    expect(engine.runs).toHaveLength(0)
    ticket()
    dispatch()
    expect([engine.runs.length, waiting.sizeOf('interactive'), waiting.sizeOf('job')]).toEqual([1, 0, 1])
    runOf(engine).end({ how: 'failed' })
    expect(engine.runs).toHaveLength(1)
  })

  test('ends what is overdue instead of starting it', async () => {
    const { engine, dispatch, ticket, clock } = setUp()
    const { entry } = ticket('interactive', 10)
    clock.ms = 10
    dispatch()
    expect(await entry.run.ended).toBe('host_timeout')
    expect(engine.runs).toHaveLength(0)
  })

  test('who asked for a structure that took long to follow pays for it in later turns', () => {
    const { engine, dispatch, ticket } = setUp()
    const names = ['mallory', 'bystander', 'mallory', 'bystander', 'mallory', 'bystander']
    const tickets = names.map((name) => ticket('interactive', FAR, name))
    dispatch()
    // Nine parts of ten: 40 tokens that cost as much as 400.
    const costly = { promptTokens: 32, outputTokens: 8, computeMs: 100, structureMs: 90 }
    const ended: (string | undefined)[] = []
    for (let run = 0; run < names.length; run++) {
      const { entry } = tickets.find((one) => one.entry.work === runOf(engine, run).work) ?? {}
      ended.push(names[tickets.findIndex((one) => one.entry === entry)])
      runOf(engine, run).end(
        { how: 'finished', output: { kind: 'items', json: [] } },
        run === 0 ? costly : {},
      )
    }
    expect(ended).toEqual(['mallory', 'bystander', 'bystander', 'bystander', 'mallory', 'mallory'])
  })

  test('an engine that throws fails the request and keeps no slot', async () => {
    const { engine, dispatch, ticket, slots } = setUp()
    engine.run = () => {
      throw new Error('no such worker')
    }
    const { entry } = ticket()
    dispatch()
    expect(await entry.run.ended).toBe('host_failed')
    expect(slots.running.size).toBe(0)
  })

  test('is idle once nothing waits or runs', async () => {
    const { engine, dispatch, ticket, idle } = setUp()
    await idle()
    ticket()
    dispatch()
    let quiet = false
    const waited = idle().then(() => {
      quiet = true
    })
    await Promise.resolve()
    expect(quiet).toBe(false)
    runOf(engine).end({ how: 'failed' })
    await waited
    expect(quiet).toBe(true)
  })
})

describe('what a structure took, in tokens', () => {
  const ended = { type: 'ended', promptTokens: 30, outputTokens: 10, computeMs: 100 } as const
  const end = { how: 'finished', output: { kind: 'items', json: [] } } as const

  test.each([
    ['nothing of one without', undefined, 0],
    ['as many as the rest of the time took', 50, 40],
    ['three times as many', 75, 120],
    ['a hundred times as many at most', 100, 4000],
  ])('%s', (_, structureMs, tokens) => {
    expect(structureTokens({ ...ended, end, ...(structureMs !== undefined && { structureMs }) })).toBe(tokens)
  })
})
