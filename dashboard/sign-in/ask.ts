import type * as z from 'zod/mini'

const WRONG = 'No account has this e-mail address and password.'

/** Posts to a platform's sign-in. @param body an object as JSON, or a form @throws Error in words for people */
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
  // Which of the two was wrong is nobody's business.
  if (answer.status === 400) throw new Error(WRONG)
  if (!answer.ok) throw new Error(`The sign-in answered ${answer.status}.`)
  const { success, data } = schema.safeParse(await answer.json())
  if (success) return data
  throw new Error('The sign-in answered in a form that this page does not know.')
}
