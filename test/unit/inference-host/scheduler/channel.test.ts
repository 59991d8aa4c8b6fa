import { expect, it } from 'vitest'
import { createChannel } from '../../../../inference-host/scheduler/channel.ts'

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const taken: Value[] = []
  for await (const value of values) taken.push(value)
  return taken
}

it('hands on in order what was pushed before, between and while its reader waits', async () => {
  const channel = createChannel<number>()
  channel.push(1)
  const reading = all(channel.values())
  await new Promise(setImmediate)
  channel.push(2)
  channel.push(3)
  await new Promise(setImmediate)
  channel.push(4)
  channel.close()
  expect(await reading).toEqual([1, 2, 3, 4])
})

it('loses nothing that comes with the end, while its reader is busy with another', async () => {
  const channel = createChannel<number>()
  channel.push(1)
  const values = channel.values()
  expect(await values.next()).toEqual({ done: false, value: 1 })
  channel.push(2)
  channel.close()
  expect(await all(values)).toEqual([2])
})

it('throws its error after the values that wait', async () => {
  const channel = createChannel<number>()
  channel.push(1)
  channel.close(new Error('over'))
  const values = channel.values()
  expect(await values.next()).toEqual({ done: false, value: 1 })
  await expect(values.next()).rejects.toThrow('over')
})
