import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'

const Detail = z.string().transform(parseJson).pipe(z.record(z.string(), z.unknown()))
const text = z.string().min(1)

/** An administrative act's fields as they are written to the stream (edge/budget/acting.lua.ts). */
const Fields = z.object({
  actor: text,
  action: text,
  target: text,
  reason: z.string(),
  detail: Detail,
})

/** An administrative act as the ledger takes it; `at` in milliseconds since the epoch. */
export type LoggedAct = Omit<z.infer<typeof Fields>, 'reason'> & {
  /** Id of its entry in the stream. */
  stream_id: string
  at: number
  reason: string | null
}

/** The act in a stream's entry, or the name of the first bad field. */
export function actOf(id: string, fields: Record<string, string>): LoggedAct | { wrong: string } {
  const { success, data, error } = Fields.safeParse(fields)
  if (!success) return { wrong: String(error.issues[0]?.path[0] ?? 'entry') }
  return { ...data, stream_id: id, at: Number(id.split('-')[0]), reason: data.reason || null }
}
