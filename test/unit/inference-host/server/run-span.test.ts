import { expect, it } from 'vitest'
import type { Asked } from '../../../../inference-host/admission/admit.ts'
import type { Run } from '../../../../inference-host/scheduler/run.ts'
import { admitTraced } from '../../../../inference-host/server/run-span.ts'
import { type ErrorCode, TwohopError } from '../../../../shared/errors.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'

const PARENT = `00-${'4b'.repeat(16)}-${'f0'.repeat(8)}-01`
const ASKED: Asked = {
  task: 'chat',
  model: 'a-model',
  maxTokens: 20,
  work: (limits) => ({ kind: 'seq2seq', text: '', from: undefined, to: undefined, limits }),
}
const REPORT = { promptTokens: 9, cachedPromptTokens: 4, outputTokens: 5, queueMs: 1, computeMs: 3 }

/** What is kept of a request whose run ends so, or that is refused. */
async function after(admit: () => Pick<Run, 'ended' | 'report'>, traceparent = PARENT) {
  const { tracer, spans } = keptSpans()
  const asking = { requestId: 'r1', traceparent, sinceMs: 5, admit: () => admit() as Run }
  const outcome = await new Promise((resolve) => resolve(admitTraced(tracer, asking, ASKED))).catch(
    (error: unknown) => error,
  )
  await Promise.resolve()
  return { span: spans[0], outcome }
}
const ended = (code: 'finished' | ErrorCode) => () => ({ ended: Promise.resolve(code), report: () => REPORT })

it("a run has a span in its caller's trace, from when its request came, with what was computed", async () => {
  const { span } = await after(ended('finished'))
  expect(span).toMatchObject({
    ...{ name: 'chat a-model', kind: 'server', parent: 'f0'.repeat(8), traceId: '4b'.repeat(16) },
    ...{ ended: true, failed: undefined, sinceMs: 5 },
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'twohop',
      'gen_ai.request.model': 'a-model',
      'gen_ai.request.max_tokens': 20,
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.output_tokens': 5,
      'twohop.compute_ms': 3,
      'twohop.request_id': 'r1',
    },
  })
})

it('one that does not finish has failed, with its code', async () => {
  expect((await after(ended('cancelled'))).span).toMatchObject({ failed: 'cancelled', ended: true })
})

it('one that is refused has failed too, and the refusal is thrown', async () => {
  const refused = new TwohopError('host_busy', 'full')
  const { span, outcome } = await after(() => {
    throw refused
  })
  expect(outcome).toBe(refused)
  expect(span).toMatchObject({ failed: 'host_busy', ended: true })
})

it('with a header that does not fit it is a trace of its own', async () => {
  expect((await after(ended('finished'), 'c4n4ry')).span?.parent).toBeUndefined()
})
