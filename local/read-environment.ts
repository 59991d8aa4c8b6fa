import * as z from 'zod'
import { placed } from '../shared/placed.ts'
import { plainWords } from '../shared/plain-words.ts'

/** A port to listen on or to connect to; 0 picks a free one. */
export const Port = z.coerce.number<string>('must be a port').int().min(0).max(65_535)

/** A secret of 32 random characters or more. */
export const LongSecret = z.string('must be set').min(32, 'must have at least 32 characters')

/**
 * The variables of a process, as a schema has them.
 * @throws Error of one line that names each that does not fit
 */
export function readEnvironment<S extends z.ZodType>(
  schema: S,
  given: Record<string, string | undefined>,
): z.infer<S> {
  const { data, error } = schema.safeParse(given, { error: plainWords })
  if (error) throw new Error(error.issues.map(({ path, message }) => placed(path, message)).join('; '))
  return data
}

/** Says where a part listens, on a line of its own. */
export function sayListening(url: string): void {
  process.stdout.write(`${JSON.stringify({ level: 'info', event: 'listening', url })}\n`)
}
