import { expect, it } from 'vitest'
import { OtherPlanError } from '../../../../edge/access/stored-plan.ts'
import { traced } from '../../../../edge/routes/step.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { NO_SPAN } from '../../../../shared/tracing/port.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'

/** The steps that a request has after one that comes to `step`. */
async function after(step: () => Promise<unknown>) {
  const { tracer, spans, told } = keptSpans()
  const outcome = await traced(tracer.begin('GET', undefined), 'auth', step).catch((error: unknown) => error)
  expect(spans[1]).toMatchObject({ parent: spans[0]?.id, ended: true })
  return { outcome, told: told() }
}

it('a step is a span within that of its request, and gives what it comes to', async () => {
  expect(await after(async () => 7)).toEqual({ outcome: 7, told: ['GET', 'auth'] })
})

it('one that fails says its code, and never what was thrown', async () => {
  const refused = new TwohopError('token_expired', 'a message')
  expect(await after(() => Promise.reject(refused))).toEqual({
    outcome: refused,
    told: ['GET', 'auth!token_expired'],
  })
  const { told } = await after(() => Promise.reject(new RangeError('a secret')))
  expect(told).toEqual(['GET', 'auth!internal'])
})

it('one that is done again by another plan has not failed', async () => {
  const { told } = await after(() => Promise.reject(new OtherPlanError('pro')))
  expect(told).toEqual(['GET', 'auth'])
})

it('gets its own span, which is none where nothing is traced', async () => {
  const { tracer } = keptSpans()
  const root = tracer.begin('GET', undefined)
  expect(await traced(root, 'guard', async (own) => own.traceparent)).not.toBe(root.traceparent)
  expect(await traced(NO_SPAN, 'guard', async (own) => own)).toBe(NO_SPAN)
})
