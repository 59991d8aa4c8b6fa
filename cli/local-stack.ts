import { join } from 'node:path'
import { stackFolder } from '../local/stack-folder.ts'

/** Where the stack of `npm start` has the variables of a deployment: their places in its file (local/stack-file.ts). */
const PLACES: Readonly<Record<string, string>> = {
  UPSTASH_REDIS_REST_URL: 'redis.url',
  UPSTASH_REDIS_REST_TOKEN: 'redis.token',
  LEDGER_SUPABASE_URL: 'postgres.url',
  LEDGER_SUPABASE_KEY: 'postgres.secretKey',
  TWOHOP_URL: 'edge.url',
  TWOHOP_TOKEN: 'tokens.supabase.admin',
}

/**
 * What to type where variables are missing, for whoever means the stack that `npm start` runs here; empty where it has none of
 * them. It begins a new line.
 */
export function localStackHint(missing: readonly string[]): string {
  // As a text of JavaScript between a shell's single quotes.
  const path = join(stackFolder(process.env.TWOHOP_DIR), 'stack.json')
  const file = JSON.stringify(path).replaceAll("'", '\\u0027')
  // Whoever has set an address means that one, and a secret of this stack is of no use there.
  const isMeant = (name: string) => missing.includes(name.replace(/_(TOKEN|KEY)$/, '_URL'))
  const exports = missing
    .filter((name) => PLACES[name] !== undefined && isMeant(name))
    .map((name) => `${name}=$(stack ${PLACES[name]})`)
  if (exports.length === 0) return ''
  return [
    '',
    'For the stack that `npm start` runs here:',
    `  stack() { node -p 'require(${file}).'$1; }`,
    `  export ${exports.join(' ')}`,
  ].join('\n')
}
