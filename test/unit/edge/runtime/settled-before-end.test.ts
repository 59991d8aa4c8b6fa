import { afterEach, expect, it, vi } from 'vitest'
import { settledBeforeEnd } from '../../../../edge/runtime/settled-before-end.ts'

afterEach(() => void vi.useRealTimers())
const decoder = new TextDecoder()

it('passes every byte at once, and ends once the tasks have', async () => {
  const task = Promise.withResolvers<void>()
  const answer = await settledBeforeEnd(new Response('whole', { status: 201, headers: { 'x-a': 'b' } }), [
    task.promise,
  ])
  expect([answer.status, answer.headers.get('x-a')]).toEqual([201, 'b'])
  const reader = answer.body?.getReader()
  expect(decoder.decode((await reader?.read())?.value)).toBe('whole')
  let ended = false
  const end = reader?.read().then(() => {
    ended = true
  })
  await new Promise(setImmediate)
  expect(ended).toBe(false)
  task.resolve()
  await end
})

it('ends also where a task fails, or takes too long', async () => {
  const failed = await settledBeforeEnd(new Response('a'), [Promise.reject(new Error('no'))])
  expect(await failed.text()).toBe('a')
  vi.useFakeTimers()
  const late = await settledBeforeEnd(new Response('b'), [new Promise(() => {})])
  const text = late.text()
  await vi.advanceTimersByTimeAsync(5000)
  expect(await text).toBe('b')
})

it('waits with an answer that has no body, and with none where there is nothing to wait for', async () => {
  const task = Promise.withResolvers<void>()
  let given = false
  const waiting = settledBeforeEnd(new Response(null, { status: 204 }), [task.promise]).then((answer) => {
    given = true
    return answer
  })
  await new Promise(setImmediate)
  expect(given).toBe(false)
  task.resolve()
  expect((await waiting).status).toBe(204)
  const same = new Response('as it is')
  expect(await settledBeforeEnd(same, [])).toBe(same)
})

it('lets whoever leaves stop the source', async () => {
  const cancelled = Promise.withResolvers<void>()
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => cancelled.resolve(),
  })
  const answer = await settledBeforeEnd(new Response(source), [new Promise(() => {})])
  const reader = answer.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await cancelled.promise
})
