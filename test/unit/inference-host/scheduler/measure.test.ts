import { expect, it } from 'vitest'
import { createMeasure } from '../../../../inference-host/scheduler/measure.ts'
import { createPace } from '../../../../inference-host/scheduler/pace.ts'
import type { EngineEvent } from '../../../../inference-host/work/engine.ts'
import { keptSpans } from '../../../fixtures/kept-spans.ts'

const REPORT = { promptTokens: 9, outputTokens: 2, queueMs: 1, computeMs: 3 }
const token: EngineEvent = { type: 'token', text: 'a', outputTokens: 1 }

/** The stop-watch of a request that may have so many output tokens, and what its trace shows. */
function watch(outputLimit: number) {
  const { tracer, spans, told } = keptSpans()
  const span = tracer.begin('request', undefined)
  const now = () => 0
  const measure = createMeasure({ outputLimit, now, observe() {}, pace: createPace({ slots: 1, now }), span })
  return { measure, spans, told }
}

it('the parts of a generation follow each other within the request: queue, prefill, decode', () => {
  const { measure, spans, told } = watch(5)
  measure.begin()
  measure.take({ type: 'started', promptTokens: 9 })
  for (let tokens = 0; tokens < 2; tokens++) measure.take(token)
  measure.end('finished', REPORT)
  expect(told()).toEqual(['request', 'queue', 'prefill', 'decode'])
  for (const part of spans.slice(1)) expect(part).toMatchObject({ parent: spans[0]?.id, ended: true })
})

it('of what generates nothing: queue, compute', () => {
  const { measure, told } = watch(0)
  measure.begin()
  measure.end('finished', REPORT)
  expect(told()).toEqual(['request', 'queue', 'compute'])
})

it('the part in which a request ends otherwise says why', () => {
  const waited = watch(5)
  waited.measure.end('host_timeout', REPORT)
  expect(waited.told()).toEqual(['request', 'queue!host_timeout'])
  const left = watch(5)
  left.measure.begin()
  left.measure.take(token)
  left.measure.end('cancelled', REPORT)
  expect(left.told()).toEqual(['request', 'queue', 'prefill', 'decode!cancelled'])
})

it('a request that was put back, since its engine was lost, begins its part anew', () => {
  const { measure, told } = watch(5)
  measure.begin()
  measure.begin()
  measure.end('finished', REPORT)
  expect(told()).toEqual(['request', 'queue', 'prefill', 'prefill'])
})
