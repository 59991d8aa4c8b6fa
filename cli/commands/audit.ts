import { Command } from 'commander'
import * as z from 'zod'
import { listApi, plain, timeText } from '../api.ts'
import type { CliContext } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { whole } from '../numbers.ts'

const Entry = z.looseObject({
  id: z.string(),
  at: z.number(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  reason: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
})
type Entry = z.infer<typeof Entry>
const Page = z.looseObject({ data: z.array(Entry), next: z.string().nullable() })

type Options = { target?: string; most: number; json: boolean }

/** `twohop audit`: the log of administrative acts. */
export function auditCommand(context: CliContext): Command {
  return new Command('audit')
    .option('--target <name>', 'only acts on this account or API key id')
    .option('--most <n>', 'how many to print at most', whole(1, 100_000), 100)
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ target, most, json }: Options) => {
      const entries = await list(context, target, most)
      context.out(json ? `${JSON.stringify(entries)}\n` : table(entries))
    })
}

async function list(context: CliContext, target: string | undefined, most: number): Promise<Entry[]> {
  return listApi(context, Page, {
    path: '/v1/admin/audit',
    most,
    of: (found) => ({
      limit: String(Math.min(500, most - found)),
      ...(target !== undefined && { target }),
    }),
  })
}

function table(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'Nothing.\n'
  const columns = ['when', 'who', 'did', 'to', 'because', 'detail'].map((title) => ({ title }))
  const rows = entries.map(({ at, actor, action, target, reason, detail }) => [
    timeText(at),
    plain(actor),
    plain(action),
    plain(target),
    plain(reason ?? '-'),
    plain(JSON.stringify(detail)),
  ])
  return `${textTable(columns, rows).join('\n')}\n`
}
