import { expect, it } from 'vitest'
import { createHostLoad } from '../../../../edge/upstream/host-load.ts'

function world() {
  const clock = { ms: 0 }
  return { clock, load: createHostLoad(() => clock.ms) }
}

it('is what the last answer said, and each call that went there since', () => {
  const { load } = world()
  expect(load.score).toBe(0)
  load.heard('6/8')
  expect(load.score).toBe(0.75)
  load.sent()
  load.sent()
  expect(load.score).toBe(1)
  load.heard('4/8')
  expect(load.score).toBe(0.5)
})

it('is forgotten after ten seconds', () => {
  const { clock, load } = world()
  load.heard('8/8; draining')
  clock.ms = 9999
  expect([load.score, load.draining]).toEqual([1, true])
  clock.ms = 10_000
  expect([load.score, load.draining]).toEqual([0, false])
})

it('is not changed by what says nothing', () => {
  const { load } = world()
  load.heard('6/8')
  for (const header of [
    null,
    '',
    '1/0',
    '-1/8',
    '1.5/8',
    '1/8 ',
    '1/8; draining; x',
    '1234567/8',
    'x'.repeat(9999),
  ])
    load.heard(header)
  expect([load.score, load.draining]).toEqual([0.75, false])
})
