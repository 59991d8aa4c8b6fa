import { Command } from 'commander'
import * as z from 'zod'
import { askApi, listApi, plain, timeText } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { whole } from '../numbers.ts'

const Account = z.looseObject({
  id: z.string(),
  status: z.enum(['active', 'suspended']),
  plan: z.string().nullable(),
  billing_day: z.number().nullable(),
  revoked_before: z.number().nullable(),
  extra: z.looseObject({ units: z.number(), until: z.number() }).nullable(),
  synced: z.enum(['done', 'failed', 'not_configured']).optional(),
})
type Account = z.infer<typeof Account>
const Accounts = z.looseObject({ data: z.array(Account), next: z.string().nullable() })
const Window = z.looseObject({
  limit: z.number().nullable(),
  used: z.number(),
  held: z.number(),
  resets_in: z.number(),
})
const Usage = z.looseObject({
  concurrent: z.looseObject({ running: z.number() }),
  units: z.looseObject({ minute: Window, day: Window, month: Window }),
})

type Json = { json: boolean }
type Why = Json & { reason?: string }

const pathOf = (account: string) => `/v1/admin/accounts/${encodeURIComponent(account)}`

/** `twohop accounts`: acts of administration on accounts. */
export function accountsCommand(context: CliContext): Command {
  const accounts = new Command('accounts')
  const one = (name: string, what: string) =>
    accounts
      .command(`${name} <account>`)
      .description(what)
      .option('--json', 'print JSON', false)
      .allowExcessArguments(false)
  const why = (command: Command) => command.option('--reason <text>', 'written into the audit log')

  async function act(account: string, what: string, { json }: Json, body: object): Promise<void> {
    const done = await askApi(context, Account, { method: 'POST', path: `${pathOf(account)}/${what}`, body })
    context.out(json ? `${JSON.stringify(done)}\n` : accountText(done))
    if (done.synced === 'failed')
      throw new CliError(
        'not_synced',
        'The change holds here, but the issuer of the tokens could not be updated; run the command again.',
      )
  }

  accounts
    .command('list')
    .description('Accounts with settings of their own, or with spending this month.')
    .option('--search <text>', 'only accounts whose name contains this', '')
    .option('--most <n>', 'about how many to list at most', whole(1, 100_000), 100)
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ search, most, json }: Json & { search: string; most: number }) => {
      const found = await list(context, search, most)
      context.out(json ? `${JSON.stringify(found)}\n` : table(found))
    })

  one('show', 'What is set for an account.').action(async (account: string, { json }: Json) => {
    const shown = await askApi(context, Account, { method: 'GET', path: pathOf(account) })
    context.out(json ? `${JSON.stringify(shown)}\n` : accountText(shown))
  })

  why(one('suspend', 'Refuse an account from its next request on, and its present tokens for good.')).action(
    (account: string, options: Why) => act(account, 'suspend', options, reasonOf(options)),
  )
  why(one('restore', 'Serve a suspended account again.')).action((account: string, options: Why) =>
    act(account, 'restore', options, reasonOf(options)),
  )

  why(one('plan', 'Put an account on a plan.'))
    .argument('<plan>', 'a plan of the catalog, or `default` for the one that its token names')
    .option('--billing-day <n>', 'day on which its months begin', whole(1, 31))
    .action((account: string, plan: string, options: Why & { billingDay?: number }) => {
      const { billingDay } = options
      return act(account, 'plan', options, {
        plan: plan === 'default' ? null : plan,
        ...(billingDay !== undefined && { billing_day: billingDay }),
        ...reasonOf(options),
      })
    })

  why(one('grant', "Give an account units beyond its day's and month's budget."))
    .argument('<units>', 'how many units', whole(1, 1e15))
    .option('--days <n>', 'days until the units expire', whole(1, 366), 30)
    .action((account: string, units: number, options: Why & { days: number }) =>
      act(account, 'grant', options, { units, days: options.days, ...reasonOf(options) }),
    )

  one(
    'usage',
    'What an account has used, and its limits with what was granted: of the plan that is set for it, else of its last request.',
  ).action(async (account: string, { json }: Json) => {
    const usage = await askApi(context, Usage, { method: 'GET', path: `${pathOf(account)}/usage` })
    context.out(json ? `${JSON.stringify(usage)}\n` : usageText(usage))
  })

  return accounts
}

const reasonOf = ({ reason }: Why) => (reason === undefined ? {} : { reason })

async function list(context: CliContext, search: string, most: number): Promise<Account[]> {
  return listApi(context, Accounts, { path: '/v1/admin/accounts', most, of: () => ({ search }) })
}

function table(accounts: readonly Account[]): string {
  if (accounts.length === 0) return 'No account.\n'
  const columns = [
    { title: 'account' },
    { title: 'status' },
    { title: 'plan' },
    { title: 'extra units', right: true },
  ]
  const rows = accounts.map(({ id, status, plan, extra }) => [
    plain(id),
    status,
    plan ?? '-',
    extra ? String(extra.units) : '-',
  ])
  return `${textTable(columns, rows).join('\n')}\n`
}

function accountText({ id, status, plan, billing_day, revoked_before, extra, synced }: Account): string {
  const lines = [
    ['account', plain(id)],
    ['status', status],
    ['plan', plan ?? 'as the token says'],
    ...(billing_day === null ? [] : [['months begin on day', String(billing_day)]]),
    ...(revoked_before === null ? [] : [['tokens refused before', timeText(revoked_before)]]),
    ...(extra === null ? [] : [['extra units', `${extra.units}, until ${timeText(extra.until)}`]]),
    ...(synced === undefined ? [] : [['issuer', synced.replace('_', ' ')]]),
  ]
  return `${lines.map(([name = '', text = '']) => `${name.padEnd(22)}${text}`).join('\n')}\n`
}

function usageText({ concurrent, units }: z.infer<typeof Usage>): string {
  const columns = [
    { title: 'window' },
    ...['limit', 'used', 'held', 'resets in s'].map((title) => ({ title, right: true })),
  ]
  const rows = (['minute', 'day', 'month'] as const).map((window) => {
    const { limit, used, held, resets_in } = units[window]
    return [window, limit === null ? '-' : String(limit), String(used), String(held), String(resets_in)]
  })
  return `${textTable(columns, rows).join('\n')}\nrunning: ${concurrent.running}\n`
}
