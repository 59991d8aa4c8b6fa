import type { Model, Plan, Task } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { WorstCase } from '../budget/estimate.ts'

/** A validated request, ready to be reserved and sent: every choice made, every default filled in. */
export type Work = {
  task: Task
  model: Model
  /** Path on the host. */
  path: string
  /** The host's request; its JSON is what is hashed, signed and sent. */
  request: object
  stream: boolean
  /** Whether the client asked for the usage event at a stream's end. */
  includeUsage: boolean
  worst: WorstCase
}

/**
 * Output tokens for a request: what it asks for, or the plan's default, never above what the model can hold.
 * @param asked the client's number, with the name of its field
 * @throws TwohopError invalid_request when it asks for more than the plan allows
 */
export function outputTokens(
  plan: Plan,
  model: Model,
  asked: { field: string; tokens: number | null | undefined },
): number {
  const { output_tokens_default, output_tokens_max } = plan.limits
  if (asked.tokens == null) return Math.min(output_tokens_default, model.context)
  if (asked.tokens > output_tokens_max)
    throw new TwohopError(
      'invalid_request',
      `The plan ${plan.id} allows at most ${output_tokens_max} output tokens a request.`,
      {
        param: asked.field,
      },
    )
  return Math.min(asked.tokens, model.context)
}

/** @throws TwohopError invalid_request when a request has more inputs than the plan allows */
export function boundInputs(plan: Plan, inputs: readonly string[], field: string): void {
  if (inputs.length > plan.limits.inputs_max)
    throw new TwohopError(
      'invalid_request',
      `The plan ${plan.id} allows at most ${plan.limits.inputs_max} inputs a request.`,
      {
        param: field,
      },
    )
}
