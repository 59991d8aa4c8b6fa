import * as z from 'zod'
import { Origins } from '../edge/access/origin-list.ts'

/**
 * Who may call a stack on one machine from a browser: extensions that are installed there, and pages that the machine
 * serves to itself, on whatever port a tool for development picks. They still need a token.
 */
const ON_THIS_MACHINE = [
  'chrome-extension://*',
  'moz-extension://*',
  'safari-web-extension://*',
  'http://localhost:*',
  'http://127.0.0.1:*',
]

/**
 * `ALLOWED_ORIGINS` of a local stack: those of this machine, and `more`.
 * @throws Error of one line for what is no entry of that list
 */
export function pageOrigins(more: readonly string[]): string {
  const { error } = Origins.safeParse(more.join(','))
  if (error) throw new Error(`--origin ${z.core.prettifyError(error).replace(/^✖ /, '').split('\n')[0]}`)
  return [...ON_THIS_MACHINE, ...more].join(',')
}
