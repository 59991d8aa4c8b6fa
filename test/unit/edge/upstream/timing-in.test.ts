import { expect, it } from 'vitest'
import { timingIn } from '../../../../edge/upstream/timing-in.ts'

it('is what the header says, and nothing where that is no timing', () => {
  const said = (value?: string) => timingIn(new Headers(value === undefined ? {} : { 'x-timing': value }))
  expect(said('{"queue_ms":1,"compute_ms":5}')).toMatchObject({ queue_ms: 1, compute_ms: 5 })
  for (const other of [undefined, '', 'soon', '{"compute_ms":-1}', '[]']) expect(said(other)).toBeUndefined()
})
