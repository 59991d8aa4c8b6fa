import { baseUrl } from '../shared/base-url.ts'
import type { Answer } from '../shared/fetch.ts'
import { parseJson } from '../shared/parse-json.ts'
import { readBoundedText } from '../shared/read-bounded.ts'
import { isSecureUrl } from '../shared/secure-url.ts'
import { CliError } from './context.ts'
import { localStackHint } from './local-stack.ts'

/** The most bytes of an answer that are read: more than any page of a list has. */
const MOST_BYTES = 16 * 1024 * 1024

/**
 * The deployment that TWOHOP_URL names, without the `/v1` that clients put behind it, and the credential. Its path is kept: a
 * function of Supabase's or Firebase's has one.
 * @throws CliError usage
 */
export function target(): { url: string; token: string } {
  const { TWOHOP_URL, TWOHOP_TOKEN: token } = process.env
  if (!TWOHOP_URL || !token)
    throw new CliError(
      'usage',
      `Set TWOHOP_URL to the address of your edge and TWOHOP_TOKEN to your access token or API key.${localStackHint(
        ['TWOHOP_URL', 'TWOHOP_TOKEN'].filter((name) => !process.env[name]),
      )}`,
    )
  const url = URL.parse(TWOHOP_URL)
  if (url === null || !isSecureUrl(url))
    throw new CliError('usage', 'TWOHOP_URL must begin with https:// (http:// is for this machine only).')
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '')
    throw new CliError('usage', 'TWOHOP_URL must have no user name, password, ? or #.')
  return { url: baseUrl(baseUrl(url.href).replace(/\/v1$/, '')), token }
}

/** What an answer says, undefined where it is no JSON or breaks off. @throws CliError bad_answer for one that is too long */
export async function jsonOf(answer: Answer): Promise<unknown> {
  const tooLong = () =>
    new CliError(
      'bad_answer',
      `An answer has more than ${MOST_BYTES >> 20} MiB: TWOHOP_URL names no edge of Twohop.`,
    )
  try {
    return parseJson(await readBoundedText(answer, { most: MOST_BYTES, tooLong }))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    return undefined
  }
}
