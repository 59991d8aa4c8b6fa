import { expect, it } from 'vitest'
import type { Outcome } from '../../../../edge/budget/port.ts'
import { callSpan, endCall } from '../../../../edge/metering/call-span.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'
import { work } from '../../../fixtures/metered.ts'

const USED = { promptTokens: 9, outputTokens: 5, computeMs: 3 }

/** A call to a model that was settled so. */
function called(outcome: Outcome, used: typeof USED | undefined, changes = {}) {
  const { tracer, spans } = keptSpans()
  endCall(callSpan(tracer.begin('POST', undefined), work(changes), 'v2'), outcome, used)
  return spans[1]
}

it('is named by what is done and by which model, and notes what is charged', () => {
  expect(called('ok', USED)).toMatchObject({
    ...{ name: 'chat twohop-chat', kind: 'client', ended: true, failed: undefined },
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'twohop',
      'gen_ai.request.model': 'twohop-chat',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 20,
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.output_tokens': 5,
      'twohop.compute_ms': 3,
      'twohop.model_version': 'v2',
      'twohop.outcome': 'ok',
    },
  })
  expect(called('ok', USED, { task: 'embedding', stream: false })).toMatchObject({
    name: 'embeddings twohop-chat',
    attributes: expect.not.objectContaining({ 'gen_ai.request.stream': expect.anything() }),
  })
})

it('of a client that left has failed with that code; of a failed one nothing is known to be used', () => {
  expect(called('cancelled', USED)?.failed).toBe('cancelled')
  expect(called('failed', undefined)?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens')
})
