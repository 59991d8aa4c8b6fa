import * as z from 'zod'

/**
 * What a request's field does. `honoured`: the answer follows it. `ignored`: it is checked, and changes nothing.
 * `refused`: only what asks for nothing is taken, because an answer without the rest would not be what was asked for.
 */
export type Fate = { does: 'honoured' | 'ignored' | 'refused'; says: string }

/** The fate of each field of the requests in OpenAI's form. docs/openai.md is made of it. */
export const fates = z.registry<Fate>()

/** A field that may be missing, or null, which says the same. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => value ?? undefined, schema.optional())

/** The same, with the value that a missing one has. */
export const withDefault = <Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>) =>
  z.preprocess((given) => given ?? value, schema)

/** An optional field that the answer follows. @param says what else its users should know, for the documentation */
export const honoured = <Schema extends z.ZodType>(says: string, schema: Schema) =>
  optional(schema).register(fates, { does: 'honoured', says })

/** The same, for a field that a request must have, or that has a default. */
export function required<Schema extends z.ZodType>(says: string, schema: Schema): Schema {
  fates.add(schema, { does: 'honoured', says })
  return schema
}

/** An optional field that changes nothing here. @param says why */
export const ignored = <Schema extends z.ZodType>(says: string, schema: Schema) =>
  optional(schema).register(fates, { does: 'ignored', says })

/** A field that is not supported. @param says why not, or what to use instead @param nothing what asks for nothing */
export const refused = <Schema extends z.ZodType>(says: string, nothing: Schema) =>
  optional(nothing).register(fates, { does: 'refused', says })

/** What a refused field may be where only null and leaving it out ask for nothing. */
export const onlyNull = (says: string) => z.never().describe(`null (${says})`)
