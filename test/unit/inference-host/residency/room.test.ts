import { describe, expect, test } from 'vitest'
import { createRoom, type Guest, victimsFor } from '../../../../inference-host/residency/room.ts'

type HandGuest = Guest & {
  name: string
  host: number
  device: number
  idle: number | undefined
  evicted: boolean
}

function guest(name: string, host: number, idle?: number, device = 0): HandGuest {
  const one: HandGuest = {
    name,
    host,
    device,
    idle,
    evicted: false,
    bytes: () => ({ host: one.host, device: one.device }),
    idleSince: () => one.idle,
    async evict() {
      one.evicted = true
    },
    gone() {},
  }
  return one
}

const never = new AbortController().signal
const settled = () => new Promise(setImmediate)
const names = (guests: Guest[] | undefined) => guests?.map((one) => (one as HandGuest).name)

describe('who is evicted', () => {
  const short = (host: number, device = 0) => ({ host, device })

  test('those idle longest, and no more than needed', () => {
    const guests = [guest('new', 10, 30), guest('old', 10, 10), guest('middle', 10, 20)]
    expect(names(victimsFor(short(10), guests))).toEqual(['old'])
    expect(names(victimsFor(short(11), guests))).toEqual(['old', 'middle'])
  })

  test('nobody in use, and nobody at all where that would not be enough', () => {
    const guests = [guest('busy', 100), guest('idle', 10, 5)]
    expect(names(victimsFor(short(10), guests))).toEqual(['idle'])
    expect(victimsFor(short(11), guests)).toBeUndefined()
  })

  test('nobody who holds none of what is short', () => {
    const guests = [guest('on the CPU', 10, 1), guest('on the GPU', 1, 2, 10)]
    expect(names(victimsFor(short(0, 5), guests))).toEqual(['on the GPU'])
  })
})

describe('a room', () => {
  test('lets in who fits, and evicts for who does not, once its bytes are free', async () => {
    const room = createRoom({ host: 100, device: 0 })
    const old = guest('old', 60, 1)
    await room.enter(old, never)
    const freed = Promise.withResolvers<void>()
    old.evict = async () => {
      old.evicted = true
      await freed.promise
    }
    let inside = false
    const entering = room.enter(guest('new', 60), never).then(() => {
      inside = true
    })
    await settled()
    expect([old.evicted, inside]).toEqual([true, false])
    freed.resolve()
    await entering
    expect(room.used().host).toBe(60)
  })

  test('who waits for somebody in use is let in when that one has become idle', async () => {
    const room = createRoom({ host: 100, device: 0 })
    const busy = guest('busy', 60)
    await room.enter(busy, never)
    const entering = room.enter(guest('new', 60), never)
    await settled()
    expect(busy.evicted).toBe(false)
    busy.idle = 1
    room.review()
    await entering
    expect(busy.evicted).toBe(true)
  })

  test('a small one does not wait behind a large one; but only the first that waits evicts', async () => {
    const room = createRoom({ host: 100, device: 0 })
    const busy = guest('busy', 60)
    const idle = guest('idle', 20, 1)
    for (const one of [busy, idle]) await room.enter(one, never)
    void room.enter(guest('large', 90), never)
    void room.enter(guest('also too large', 30), never)
    await room.enter(guest('small', 20), never)
    await settled()
    expect(idle.evicted).toBe(false)
    expect(room.used().host).toBe(100)
  })

  test('who gives up waiting leaves the line', async () => {
    const room = createRoom({ host: 100, device: 0 })
    const busy = guest('busy', 60)
    await room.enter(busy, never)
    const stop = new AbortController()
    const entering = room.enter(guest('new', 60), stop.signal)
    stop.abort(new Error('nobody waits'))
    await expect(entering).rejects.toThrow('nobody waits')
    busy.idle = 1
    room.review()
    await settled()
    expect(busy.evicted).toBe(false)
  })

  test('one that has grown beyond the budget costs the one idle longest its place', async () => {
    const room = createRoom({ host: 100, device: 0 })
    const [growing, old, young] = [guest('growing', 40), guest('old', 30, 1), guest('young', 30, 2)]
    for (const one of [growing, old, young]) await room.enter(one, never)
    growing.host = 50
    room.review()
    await settled()
    expect([old.evicted, young.evicted]).toEqual([true, false])
  })
})
