import { Command } from 'commander'
import * as z from 'zod'
import { askApi, plain, timeText } from '../api.ts'
import type { CliContext } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { whole } from '../numbers.ts'

const Key = z.looseObject({
  id: z.string(),
  prefix: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  created_at: z.number(),
  expires_at: z.number(),
  last_used_at: z.number().nullable(),
})
const NewKey = Key.extend({ key: z.string() })
const Keys = z.looseObject({ data: z.array(Key) })
const Revoked = z.looseObject({ id: z.string(), also_revoked: z.array(z.string()) })

type Json = { json: boolean }

/** `twohop keys`: the caller's own API keys. */
export function keysCommand(context: CliContext): Command {
  const keys = new Command('keys')

  keys
    .command('create')
    .description('Make a key. It is printed once and stored nowhere.')
    .requiredOption('--name <text>', 'what it is for')
    .requiredOption('--scope <scope>', 'what it may do, such as embed (repeatable)', collect)
    .option('--days <n>', 'days until it expires, at most 365', whole(1, 365))
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ name, scope, days, json }: Json & { name: string; scope: string[]; days?: number }) => {
      const body = { name, scopes: scope, ...(days !== undefined && { expires_in_days: days }) }
      const made = await askApi(context, NewKey, { method: 'POST', path: '/v1/keys', body })
      // The key alone goes to the output, so that `KEY=$(twohop keys create ...)` holds it and nothing else.
      context.out(`${json ? JSON.stringify(made) : made.key}\n`)
      if (!json) context.err(`${made.prefix}: until ${timeText(made.expires_at)}. It is not shown again.\n`)
    })

  keys
    .command('list')
    .description('Your working keys.')
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ json }: Json) => {
      const { data } = await askApi(context, Keys, { method: 'GET', path: '/v1/keys' })
      context.out(json ? `${JSON.stringify(data)}\n` : table(data))
    })

  keys
    .command('revoke <id>')
    .description('End a key and the keys that it made, from their next request on.')
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async (id: string, { json }: Json) => {
      const path = `/v1/keys/${encodeURIComponent(id)}`
      const revoked = await askApi(context, Revoked, { method: 'DELETE', path })
      const ids = [revoked.id, ...revoked.also_revoked]
      context.out(json ? `${JSON.stringify(revoked)}\n` : `revoked: ${ids.map(plain).join(' ')}\n`)
    })

  return keys
}

function table(keys: readonly z.infer<typeof Key>[]): string {
  if (keys.length === 0) return 'No key.\n'
  const columns = ['id', 'name', 'scopes', 'created', 'ends', 'last used'].map((title) => ({ title }))
  const rows = keys.map(({ id, name, scopes, created_at, expires_at, last_used_at }) => [
    plain(id),
    plain(name),
    scopes.map(plain).join(' '),
    timeText(created_at),
    timeText(expires_at),
    timeText(last_used_at),
  ])
  return `${textTable(columns, rows).join('\n')}\n`
}

const collect = (scope: string, scopes: string[] = []) => [...scopes, scope]
