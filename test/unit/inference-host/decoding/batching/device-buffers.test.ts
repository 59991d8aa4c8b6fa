import { describe, expect, test } from 'vitest'
import { createDeviceBuffers } from '../../../../../inference-host/decoding/batching/device-buffers.ts'
import { hostBuffers } from '../../../../../inference-host/decoding/batching/kv-buffer.ts'
import { DeviceLost } from '../../../../../inference-host/device/lost.ts'
import { createFakeMemory } from '../../../../fixtures/decoding/fake-device.ts'
import { SHAPE } from '../../../../fixtures/decoding/hashing-decoder.ts'

const GRAIN = 4
const place = (slot: number, at = 0) => ({ slot, at })

function start() {
  const memory = createFakeMemory(GRAIN * SHAPE.headDim)
  return { memory, ...createDeviceBuffers(memory, { ...SHAPE, newLayout: 'in-place' }, GRAIN) }
}

/** Numbers every element of the first array, so that any that moved can be told. */
async function numbered({ contents }: ReturnType<typeof start>, view: Parameters<typeof contents>[0]) {
  const { arrays } = await contents(view)
  const [first = new Float32Array()] = arrays
  for (const i of first.keys()) first[i] = i
  return first
}

describe('caches on a device', () => {
  test('are sized as those in memory are', async () => {
    const { createBuffer, contents, memory } = start()
    const buffer = createBuffer(3, 16)
    expect(buffer).toMatchObject({ slots: 3, tokens: 16, stride: 16, bytes: hostBuffers(SHAPE)(3, 16).bytes })
    const { arrays, tokens } = await contents(buffer.view(2))
    expect(arrays.map(({ length }) => length)).toEqual(Array(4).fill(3 * 2 * 16 * 3))
    expect(tokens).toBe(16)
    buffer.release()
    await contents(createBuffer(1, 4).view(1))
    expect(memory.liveRows()).toBe(4 * 2)
  })

  test('copy all heads of a range of tokens, between buffers of other lengths too', async () => {
    const device = start()
    const source = device.createBuffer(2, 8)
    const elements = await numbered(device, source.view(1))
    const target = device.createBuffer(2, 16)
    target.copyFrom(source, place(1, 4), place(1, 8), 3)
    const [copied = new Float32Array()] = (await device.contents(target.view(2))).arrays
    for (let head = 0; head < 2; head++)
      for (let i = 0; i < GRAIN * 3; i++)
        expect(copied[((2 + head) * 16 + 8) * 3 + i]).toBe(elements[((2 + head) * 8 + 4) * 3 + i])
    expect(copied.slice(0, 2 * 16 * 3).every((value) => value === copied[0])).toBe(true)
  })

  test('keep their slots when their number changes, and free what they had', async () => {
    const device = start()
    const buffer = device.createBuffer(2, 8)
    const elements = await numbered(device, buffer.view(1))
    const grown = buffer.resized(3)
    const [larger = new Float32Array()] = (await device.contents(grown.view(3))).arrays
    expect(larger.slice(0, elements.length)).toEqual(elements)
    const [smaller] = (await device.contents(grown.resized(1).view(1))).arrays
    expect(smaller).toEqual(elements.slice(0, elements.length / 2))
    expect(device.memory.liveRows()).toBe(4 * 2 * (8 / GRAIN))
  })

  test('look as far as they are told, and lie as they did', async () => {
    const { createBuffer, contents } = start()
    const buffer = createBuffer(2, 16)
    const before = buffer.view(2)
    expect(buffer.view(2)).toBe(before)
    buffer.setStride(8, [3, 3])
    expect(buffer.view(2)).toMatchObject({ rows: 2, stride: 8 })
    expect((await contents(buffer.view(2))).arrays[0]).toBe((await contents(before)).arrays[0])
  })

  test.each<[string, (device: ReturnType<typeof start>) => void]>([
    ['a length between two rows', ({ createBuffer }) => createBuffer(1, 6)],
    [
      'a start between two rows',
      ({ createBuffer: of }) => of(1, 8).copyFrom(of(1, 8), place(0, 2), place(0), 4),
    ],
    ['tokens past the end', ({ createBuffer: of }) => of(1, 8).copyFrom(of(1, 16), place(0), place(0, 4), 8)],
    [
      'a slot that is not there',
      ({ createBuffer: of }) => of(1, 8).copyFrom(of(1, 8), place(1), place(0), 4),
    ],
    ['a view of more slots', ({ createBuffer }) => createBuffer(1, 8).view(2)],
    ['a view from a later slot', ({ createBuffer }) => createBuffer(2, 8).view(1, 1)],
    ['a stride beyond it', ({ createBuffer }) => createBuffer(1, 8).setStride(9, [])],
  ])('refuse %s', (_, wrong) => {
    expect(() => wrong(start())).toThrow(RangeError)
  })

  test('refuse a buffer of another kind', () => {
    const { createBuffer } = start()
    expect(() => createBuffer(1, 8).copyFrom(hostBuffers(SHAPE)(1, 8), place(0), place(0), 4)).toThrow(
      TypeError,
    )
  })

  test('are lost for good, all of them, once anything failed', async () => {
    const { createBuffer, contents, memory } = start()
    const fine = createBuffer(1, 8)
    await contents(fine.view(1))
    const cause = new Error('no memory')
    memory.failNext(cause)
    createBuffer(1, 8)
    for (let i = 0; i < 2; i++) {
      const error: unknown = await contents(fine.view(1)).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(DeviceLost)
      expect(error).toMatchObject({ cause })
    }
  })
})
