import { codeOf } from '../../shared/errors.ts'
import { NO_SPAN, type Span } from '../../shared/tracing/port.ts'
import { OtherPlanError } from '../access/stored-plan.ts'

/** Does a step of a request as a span of its own within `span`. @throws what `step` throws, whose code the span notes */
export function traced<T>(span: Span, name: string, step: (own: Span) => Promise<T>): Promise<T> {
  // Each request comes by here, traced or not.
  return span === NO_SPAN ? step(span) : within(span.child(name), step)
}

async function within<T>(own: Span, step: (own: Span) => Promise<T>): Promise<T> {
  try {
    return await own.run(() => step(own))
  } catch (error) {
    // Nothing failed: the step is done once more, by another plan.
    if (!(error instanceof OtherPlanError)) own.fail(codeOf(error))
    throw error
  } finally {
    own.end()
  }
}
