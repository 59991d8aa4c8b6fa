import { expect, it } from 'vitest'
import { Analytics } from '../../../../edge/store/upstash-no-analytics.ts'

it('refuses to be made, as nobody asks for analytics', () => {
  expect(() => new Analytics()).toThrow('without analytics')
})
