import { expect, test } from 'vitest'
import { createTodo } from '../../../../inference-host/jobs/todo.ts'

test('inputs are taken in the order of their indexes, each with the number of its try', () => {
  const todo = createTodo([3, 0, 10], () => 500)
  expect([todo.take(), todo.take(), todo.left]).toEqual([
    { index: 0, attempt: 1 },
    { index: 3, attempt: 1 },
    1,
  ])
  todo.putBack(3, 0)
  todo.putBack(0, 0)
  expect([todo.take(), todo.take(), todo.take(), todo.take()]).toEqual([
    { index: 0, attempt: 2 },
    { index: 3, attempt: 2 },
    { index: 10, attempt: 1 },
    undefined,
  ])
})

test('one that is put back holds up all for its time', () => {
  const todo = createTodo([0], () => 500)
  expect(todo.notBefore).toBe(0)
  todo.putBack(0, 250)
  expect(todo.notBefore).toBe(750)
})
