import { expect, test } from 'vitest'
import type { Outcome } from '../../../../../../inference-host/decoding/structure/pool/outcomes.ts'
import {
  createWaiters,
  type StructureTask,
} from '../../../../../../inference-host/decoding/structure/pool/waiters.ts'
import { schemaStructure } from '../../../../../fixtures/structure/drive.ts'

const DONE: Outcome = { value: { id: 'x', program: new Uint8Array(1) } }

/** Waiters at two lanes that only write down what they are told. A task is named by its structure and its account. */
function setUp() {
  const told: string[] = []
  const said: string[] = []
  const nameOf = ({ id, account }: StructureTask) => `${id} of ${account}`
  const lane = (name: string) => ({
    add: (task: StructureTask) => void said.push(`${name} + ${nameOf(task)} at ${task.cost}`),
    drop: (task: StructureTask, alone: boolean) =>
      void said.push(`${name} - ${nameOf(task)}${alone ? ', given up' : ''}`),
  })
  const waiters = createWaiters({ quick: lane('quick'), slow: lane('slow') })
  function join(id: string, account: string): StructureTask {
    const task: StructureTask = {
      ...{ id, account, weight: 1, priority: 'interactive', cost: 1, tookMs: 0 },
      structure: schemaStructure({}),
      resolve: (outcome) => void told.push(`${id} of ${account}: ${outcome === DONE ? 'done' : 'closed'}`),
    }
    waiters.join(task)
    return task
  }
  return { waiters, join, told, said: () => said.splice(0) }
}

test('all that wait for a structure are told at the turn of one, and the others need none', () => {
  const { waiters, join, told, said } = setUp()
  const ada = join('a', 'ada')
  join('a', 'eve')
  join('b', 'bob')
  expect(said()).toEqual(['quick + a of ada at 1', 'quick + a of eve at 1', 'quick + b of bob at 1'])
  waiters.settle(ada, DONE)
  expect(told).toEqual(['a of ada: done', 'a of eve: done'])
  expect(said()).toEqual(['quick - a of eve'])
})

test('what is slow goes on with all that wait for it, at no cost yet, and with whoever joins', () => {
  const { waiters, join, told, said } = setUp()
  const ada = join('a', 'ada')
  const eve = join('a', 'eve')
  said()
  ada.cost = 100
  waiters.slowDown(ada)
  expect(said()).toEqual(['slow + a of ada at 1', 'quick - a of eve', 'slow + a of eve at 1'])
  join('a', 'late')
  waiters.settle(eve, DONE)
  expect(said()).toEqual(['slow + a of late at 1', 'slow - a of ada', 'slow - a of late'])
  expect(told).toEqual(['a of ada: done', 'a of eve: done', 'a of late: done'])
})

test('who leaves is not told, and what nobody waits for is given up', () => {
  const { waiters, join, told, said } = setUp()
  const [ada, eve] = [join('a', 'ada'), join('a', 'eve')]
  said()
  waiters.leave(ada)
  waiters.leave(ada)
  expect(said()).toEqual(['quick - a of ada'])
  waiters.leave(eve)
  expect(said()).toEqual(['quick - a of eve, given up'])
  waiters.settle(eve, DONE)
  waiters.slowDown(eve)
  expect(told).toEqual([])
  expect(said()).toEqual([])
  join('a', 'late')
  expect(said()).toEqual(['quick + a of late at 1'])
})

test('everybody can be told at once', () => {
  const { waiters, join, told } = setUp()
  for (const id of ['a', 'b']) join(id, 'ada')
  waiters.settleAll({ value: { id: '', program: new Uint8Array(0) } })
  waiters.settleAll(DONE)
  expect(told).toEqual(['a of ada: closed', 'b of ada: closed'])
})
