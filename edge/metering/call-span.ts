import { ATTRIBUTE, operationOf, PROVIDER } from '../../shared/tracing/names.ts'
import type { Span } from '../../shared/tracing/port.ts'
import type { Outcome } from '../budget/port.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'

type Called = Pick<Work, 'model' | 'task' | 'stream' | 'worst'>

/** Begins the span of a call to a model, named as GenAI's conventions ask: what is done, and by which model. */
export function callSpan(
  span: Span,
  { model, task, stream, worst }: Called,
  version: string | undefined,
): Span {
  const operation = operationOf(task)
  const call = span.child(`${operation} ${model.id}`, 'client')
  call.set(ATTRIBUTE.operation, operation)
  call.set(ATTRIBUTE.provider, PROVIDER)
  call.set(ATTRIBUTE.model, model.id)
  call.set(ATTRIBUTE.maxTokens, worst.outputTokens)
  if (stream) call.set(ATTRIBUTE.stream, true)
  if (version !== undefined) call.set(ATTRIBUTE.version, version)
  return call
}

/** Ends it with what is charged. */
export function endCall(call: Span, outcome: Outcome, used: HostUsage | undefined): void {
  call.set(ATTRIBUTE.outcome, outcome)
  if (used) {
    call.set(ATTRIBUTE.inputTokens, used.promptTokens)
    call.set(ATTRIBUTE.outputTokens, used.outputTokens)
    call.set(ATTRIBUTE.computeMs, used.computeMs)
  }
  if (outcome === 'cancelled') call.fail('cancelled')
  call.end()
}
