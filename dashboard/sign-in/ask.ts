import * as z from 'zod/mini'

/** A platform's refusal, in words for people. */
export class NotAccepted extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NotAccepted'
  }
}

/** How both platforms say that there is no such account or password. Which of the two, is nobody's business. */
const WRONG = /invalid_credentials|INVALID_LOGIN_CREDENTIALS|INVALID_PASSWORD|EMAIL_NOT_FOUND/

const Refusal = z.object({
  msg: z.optional(z.string()),
  message: z.optional(z.string()),
  error: z.optional(z.object({ message: z.string() })),
})

/**
 * Posts to a platform's sign-in.
 * @param body an object as JSON, or a form
 * @throws NotAccepted as the platform says; Error where it is not reached, or is another
 */
export async function ask<S extends z.ZodMiniType>(
  url: string,
  headers: Record<string, string>,
  body: object | URLSearchParams,
  schema: S,
): Promise<z.output<S>> {
  const isForm = body instanceof URLSearchParams
  const answer = await fetch(url, {
    method: 'POST',
    credentials: 'omit',
    headers: isForm ? headers : { ...headers, 'content-type': 'application/json' },
    body: isForm ? body : JSON.stringify(body),
  }).catch(() => {
    throw new Error('The sign-in is not reached.')
  })
  const said: unknown = await answer.json().catch(() => undefined)
  if (answer.status >= 500) throw new Error(`The sign-in answered ${answer.status}.`)
  if (!answer.ok) throw new NotAccepted(wordsOf(said) ?? `The sign-in answered ${answer.status}.`)
  const { success, data } = schema.safeParse(said)
  if (success) return data
  throw new Error('The sign-in answered in a form that this page does not know.')
}

function wordsOf(said: unknown): string | undefined {
  if (WRONG.test(JSON.stringify(said) ?? '')) return 'No account has this e-mail address and password.'
  const { msg, message, error } = Refusal.safeParse(said).data ?? {}
  return error?.message ?? msg ?? message
}
