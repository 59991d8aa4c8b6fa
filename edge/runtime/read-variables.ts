import type * as z from 'zod'

/** Variables as every runtime hands them in: text, or not set. An empty text counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>

/** One variable: all that there is to know of it, and what the documentation's table is checked against. */
export type Variable = {
  /** Without a full stop, as it stands in the table. */
  meaning: string
  unit: string
  /** The default, as text as it would be set; empty for none, undefined where it must be set. */
  fallback: string | undefined
  /** What the table calls the default, where that is not its text. */
  called?: string
  /** Whether the value is nobody's to see. No complaint shows it. */
  secret?: true
  schema: z.ZodType<unknown, string>
}

/** What a table's variables are read as; undefined for one that has no default and is not set. */
export type Values<Table extends Record<string, Variable>> = {
  [Name in keyof Table]:
    | z.output<Table[Name]['schema']>
    | (Table[Name]['fallback'] extends '' ? undefined : never)
}

/**
 * Reads every variable of a table. The values of those with a complaint are left out. A complaint names the variable and
 * the rule that it breaks, and shows no value that is secret.
 */
export function readVariables<Table extends Record<string, Variable>>(table: Table, variables: Variables) {
  const values: Record<string, unknown> = {}
  const complaints: string[] = []
  for (const [name, { fallback, schema }] of Object.entries(table)) {
    const text = variables[name] || fallback
    if (text === undefined) complaints.push(`${name}: is missing`)
    else if (text === '') values[name] = undefined
    else {
      const { success, data, error } = schema.safeParse(text)
      if (success) values[name] = data
      else
        for (const { path, message } of error.issues)
          complaints.push(`${[name, ...path].join('.')}: ${message}`)
    }
  }
  return { values: values as Partial<Values<Table>>, complaints }
}
