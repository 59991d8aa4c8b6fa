import type * as z from 'zod'
import { plainPath, plainWords } from '../../shared/plain-words.ts'
import { Complaint } from './complaint.ts'

/** Variables as every runtime provides them: text, or not set. An empty text counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>

/** All about one variable but what it means, which no isolate need know (site/reference/edge-words.ts). */
export type Variable = {
  /** The default, as the text of the variable. Empty for none; undefined where the variable must be set. */
  fallback: string | undefined
  /** What to put there, for whoever has not set a variable that must be set. */
  put?: string
  /** Whether the value is secret. */
  secret?: true
  schema: z.ZodType<unknown, string>
}

/** The values of a table's variables; undefined for one that has no default and is not set. */
export type Values<Table extends Record<string, Variable>> = {
  [Name in keyof Table]:
    | z.output<Table[Name]['schema']>
    | (Table[Name]['fallback'] extends '' ? undefined : never)
}

/**
 * Reads every variable of a table. Variables with a complaint have no value. A complaint names the variable and the
 * rule that it breaks. It shows nothing of the value, whether that is meant to be secret or not: at most the origin of a
 * URL. Somebody may have put a secret anywhere.
 */
export function readVariables<Table extends Record<string, Variable>>(table: Table, variables: Variables) {
  const values: Record<string, unknown> = {}
  const complaints: Complaint[] = []
  for (const [name, { fallback, put, schema }] of Object.entries<Variable>(table)) {
    const set = variables[name]
    // Only what is not set: a platform may hand on values that are no text, and none of them is a default.
    const text = set === undefined || set === '' ? fallback : set
    if (text === undefined) complaints.push(new Complaint('missing', name, `is missing: put ${put} there`))
    else if (text === '') values[name] = undefined
    else {
      const { success, data, error } = schema.safeParse(text, { error: plainWords })
      if (success) values[name] = data
      else
        for (const { path, message } of error.issues)
          complaints.push(
            new Complaint(
              'wrong',
              name,
              message,
              plainPath(schema, path)
                .map((part) => `.${part}`)
                .join(''),
            ),
          )
    }
  }
  return { values: values as Partial<Values<Table>>, complaints }
}
