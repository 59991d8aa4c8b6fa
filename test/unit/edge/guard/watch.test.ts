import { describe, expect, it } from 'vitest'
import { policyOf } from '../../../../edge/guard/policy.ts'
import { createWatch, cutWhole } from '../../../../edge/guard/watch.ts'
import { Guards } from '../../../../shared/catalog.ts'

function directionOf(guards: object) {
  const policy = policyOf({ guards: Guards.parse(guards) })
  if (!policy) throw new Error('there are guards')
  return policy.out
}

const CARD = '4111 1111 1111 1111'
describe('what only flags never hides what blocks', () => {
  it.each([
    [
      'a phrase that ends in a card',
      { pii: { out: 'block' }, blocklist: { words: ['card 4111'], out: 'flag' } },
      `my card ${CARD}, yes`,
      'my card ',
      ['blocklist', 'pii.card'],
    ],
    [
      'an address with a listed word',
      { pii: { out: 'flag' }, blocklist: { words: ['bluesky'], out: 'block' } },
      'ask ann@bluesky.example now',
      'ask ann@',
      ['blocklist'],
    ],
  ])('%s', (_, guards, text, passed, rules) => {
    for (const size of [1, 3, 100]) {
      const found: string[] = []
      const watch = createWatch(directionOf(guards), 'plain', (rule) => found.push(rule) > 0)
      const cuts = (text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).map((piece) => watch.read(piece))
      expect([...cuts, watch.end()].reduce((all, cut) => (cut.text === '' ? all : all + cut.text), '')).toBe(
        passed,
      )
      expect(found.at(-1)).toBe(rules.at(-1))
    }
    const found: string[] = []
    const whole = cutWhole(directionOf(guards), text, 'plain', (rule) => found.push(rule) > 0)
    expect(whole).toEqual({ text: passed, rule: rules.at(-1) })
  })
})

it('what goes on after a pause is found across it, and nothing is given twice', () => {
  const watch = createWatch(directionOf({ pii: { out: 'block' } }), 'plain', () => true)
  expect(watch.read('pay 4111 1111').text).toBe('pay ')
  expect(watch.pause()).toEqual({ text: '4111 1111', rule: undefined })
  expect(watch.read(' 1111').text).toBe('')
  expect(watch.pause().text).toBe(' 1111')
  expect(watch.read(' 1111.')).toEqual({ text: '', rule: undefined })
  expect(watch.end()).toEqual({ text: '', rule: 'pii.card' })

  const other = createWatch(directionOf({ pii: { out: 'block' } }), 'plain', () => true)
  expect(other.read('at 4111').text).toBe('at ')
  expect(other.pause().text).toBe('4111')
  expect(other.read(' is all, ').text).toBe(' is all, ')
})
