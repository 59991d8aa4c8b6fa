import { expect, it } from 'vitest'
import { createStrangers, type Limiter } from '../../../../edge/access/strangers.ts'

const HOME = '192.0.2.1'

function strangers(perMinute = 60, limiter?: Limiter, capacity = 100) {
  const clock = { ms: 0 }
  const { refuse, count } = createStrangers({ perMinute, limiter, capacity, now: () => clock.ms })
  /** Seconds to wait, 0 where the address is let in. */
  const wait = (address: string | undefined) => {
    try {
      refuse(address)
      return 0
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate_limited' })
      return Number(Object(error).retryAfterMs) / 1000
    }
  }
  const come = async (times: number, address: string | undefined = HOME) => {
    for (let i = 0; i < times; i++) await count(address)
  }
  return { clock, wait, come }
}

it('refuses an address after so many strangers, and no other; and lets one in for each second that passes', async () => {
  const { clock, wait, come } = strangers()
  await come(59)
  expect(wait(HOME)).toBe(0)
  await come(1)
  expect([wait(HOME), wait('192.0.2.2')]).toEqual([1, 0])
  clock.ms += 999
  expect(wait(HOME)).toBeGreaterThan(0)
  clock.ms += 1
  expect(wait(HOME)).toBe(0)
  await come(1)
  expect(wait(HOME)).toBe(1)
  clock.ms += 60_000
  await come(59)
  expect(wait(HOME)).toBe(0)
})

it('does not grow a debt: who was refused for long waits no longer', async () => {
  const { wait, come } = strangers()
  await come(10_000)
  expect(wait(HOME)).toBe(1)
})

it('takes all of a /64 for one', async () => {
  const { wait, come } = strangers()
  for (let i = 0; i < 60; i++) await come(1, `2001:db8::${i}`)
  expect([wait('2001:db8::ffff'), wait('2001:db8:0:1::1')]).toEqual([1, 0])
})

it('bounds nobody where the platform says no address, or there is no bound', async () => {
  const some = strangers()
  await some.come(1000, undefined)
  expect(some.wait(undefined)).toBe(0)
  const none = strangers(0)
  await none.come(1000)
  expect(none.wait(HOME)).toBe(0)
})

it('remembers no more networks than its bound, and forgets the oldest', async () => {
  const { wait, come } = strangers(1, undefined, 10)
  for (let i = 0; i < 11; i++) await come(1, `192.0.2.${i}`)
  expect([wait('192.0.2.0'), wait('192.0.2.1')]).toEqual([0, 60])
})

it("asks the platform's limiter of each, and takes its word for ten seconds", async () => {
  const asked: string[] = []
  const { clock, wait, come } = strangers(60, async (network) => {
    asked.push(network)
    return false
  })
  await come(1)
  expect([asked, wait(HOME)]).toEqual([[HOME], 10])
  clock.ms += 10_000
  expect(wait(HOME)).toBe(0)
})

it('holds by itself where the limiter fails', async () => {
  const { wait, come } = strangers(60, async () => {
    throw new Error('away')
  })
  await come(1)
  expect(wait(HOME)).toBe(0)
  await come(59)
  expect(wait(HOME)).toBe(1)
})
