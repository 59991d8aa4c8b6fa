import { codeOf } from '../../shared/errors.ts'
import type { Span } from '../../shared/tracing/port.ts'
import { OtherPlanError } from '../access/stored-plan.ts'

/** Does a step of a request as a span of its own within `span`. @throws what `step` throws, whose code the span notes */
export async function traced<T>(span: Span, name: string, step: (own: Span) => Promise<T>): Promise<T> {
  const own = span.child(name)
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
