import * as z from 'zod'
import { optional } from '../../shared/openai/field.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { unchosen, unread } from '../../shared/tasks.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { parseCompletion } from './completions.ts'
import type { Work } from './work.ts'

/** What the hub's clients put beside the fields of a completion. */
export const HubFields = z.looseObject({
  model: optional(z.string()),
  do_sample: optional(z.boolean()),
  return_full_text: optional(z.literal(false)),
  ...unread,
  ...unchosen,
})

/**
 * A completion as `@huggingface/inference` asks for it at a task's URL: a request to `POST /v1/completions`, with the
 * parameters of the hub's text-generation among its fields, and for its model the URL where none was named.
 * @throws TwohopError as parseCompletion does
 */
export function parseHubCompletion(input: unknown, entitlement: Entitlement): Work {
  const { do_sample, return_full_text: _, ...fields } = parseAs(HubFields, input)
  const said = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const model = entitlement.requireModel(fields.model, 'completion').id
  return parseCompletion({ ...said, model, ...(do_sample === false && { temperature: 0 }) }, entitlement)
}
