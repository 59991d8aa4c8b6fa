import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { placed } from '../../shared/placed.ts'
import { plainWords } from '../../shared/plain-words.ts'
import { CliError } from '../context.ts'

const text = z.string().min(1).max(100_000)

/** What makes an answer a good one. */
const Expect = z.union([
  /** The answer is this text, but for spaces around it. */
  z.strictObject({ exact: z.string() }),
  /** It has each of these texts in it, whatever their capitals. */
  z.strictObject({ contains: z.array(text).min(1) }),
  /** It is JSON. */
  z.strictObject({ json: z.literal(true) }),
  /** Another model says yes to this question about it. */
  z.strictObject({ judge: z.strictObject({ model: text, question: text }) }),
  /** A program that reads it ends with 0. It is started as it stands here, without a shell. */
  z.strictObject({ command: z.array(text).min(1) }),
])
export type Expect = z.infer<typeof Expect>

const Case = z.strictObject({
  name: text.optional(),
  messages: z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: text })).min(1),
  max_tokens: z.int().min(1).optional(),
  expect: Expect,
})
export type Case = z.infer<typeof Case>

const Suite = z.strictObject({
  /** Each is asked all cases; with `version`, which needs the scope versions, that version of it. */
  asked: z
    .array(z.strictObject({ model: text, version: text.optional() }))
    .min(1)
    .max(32),
  /** The share of good answers, from 0 to 1, below which a model or a version fails. */
  threshold: z.number().min(0).max(1).default(0),
  temperature: z.number().min(0).max(2).default(0),
  cases: z.array(Case).min(1).max(10_000),
})
export type Suite = z.infer<typeof Suite>

/** A suite as somebody wrote it. @throws CliError suite_wrong, with each fault and its place */
export function suiteOf(written: string): Suite {
  const json = parseJson(written)
  if (json === undefined) throw new CliError('suite_wrong', 'The suite is not JSON.')
  const { success, data, error } = Suite.safeParse(json, { error: plainWords })
  if (success) return data
  const faults = error.issues.slice(0, 5).map(({ path, message }) => placed(path, message))
  throw new CliError('suite_wrong', `The suite does not fit: ${faults.join('; ')}.`)
}
