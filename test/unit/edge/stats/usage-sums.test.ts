import { expect, it } from 'vitest'
import { unpacked } from '../../../../edge/stats/packed.ts'
import { outcomesOf, totalOf, usageSums } from '../../../../edge/stats/usage-sums.ts'

it('shows how many requests there were and how many failed; one that its caller left has not', () => {
  const sums = unpacked(' o=5 c=4 f=3 r=2 u=1 p=10 t=20 n=30 m3=9')
  expect(outcomesOf(sums)).toEqual({ ok: 5, cancelled: 4, failed: 3, refused: 2, unsettled: 1 })
  expect(usageSums(sums)).toEqual({
    requests: 15,
    failed: 6,
    prompt_tokens: 10,
    output_tokens: 20,
    units: 30,
  })
})

it('adds several up', () => {
  const one = usageSums(unpacked(' o=5 f=3 p=10 t=20 n=30'))
  expect(totalOf([one, one])).toEqual({
    requests: 16,
    failed: 6,
    prompt_tokens: 20,
    output_tokens: 40,
    units: 60,
  })
  expect(totalOf([])).toEqual({ requests: 0, failed: 0, prompt_tokens: 0, output_tokens: 0, units: 0 })
})
