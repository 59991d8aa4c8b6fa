import { expect, test } from 'vitest'
import { createTurns } from '../../../../inference-host/scheduler/turns.ts'

type Item = { account: string; cost: number; weight: number; priority: 'interactive' | 'job' }
const item = (account: string, priority: Item['priority'] = 'interactive'): Item => ({
  account,
  cost: 1,
  weight: 1,
  priority,
})

test('the next one stays in until it has had its turn, and pays what that has cost', () => {
  const turns = createTurns<Item>({ quantum: 1 })
  const [first, second, other] = [item('a'), item('a'), item('b')]
  for (const one of [first, second, other]) turns.add(one)
  expect(turns.next()).toBe(first)
  expect(turns.next()).toBe(first)
  first.cost = 2000
  turns.serve(first)
  expect(turns.next()).toBe(other)
  turns.drop(other)
  expect(turns.next()).toBe(second)
})

test('a job’s turn is where no request waits', () => {
  const turns = createTurns<Item>()
  const [job, request] = [item('a', 'job'), item('a')]
  turns.add(job)
  expect(turns.next()).toBe(job)
  turns.add(request)
  expect(turns.next()).toBe(request)
  turns.serve(request)
  expect(turns.next()).toBe(job)
  turns.serve(job)
  expect(turns.next()).toBeUndefined()
})

test('what was paid for before all was quiet counts no more', () => {
  const turns = createTurns<Item>({ quantum: 1 })
  const dear = item('a')
  turns.add(dear)
  dear.cost = 2000
  turns.serve(dear)
  turns.forget()
  const [again, other] = [item('a'), item('b')]
  turns.add(again)
  turns.add(other)
  expect(turns.next()).toBe(again)
})
