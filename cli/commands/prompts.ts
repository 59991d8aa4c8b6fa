import { Command } from 'commander'
import type { KeptPrompt } from '../../edge/log/prompts.ts'
import { createUpstashPrompts } from '../../edge/log/upstash-prompts.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { TwohopError } from '../../shared/errors.ts'
import { plain, timeText } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { REDIS_VARIABLES, readEdgeVariables } from '../edge-variables.ts'
import { whole } from '../numbers.ts'

type Options = { account?: string; request?: string; most: number; json: boolean }

const { LOG_PROMPTS_HOURS, LOG_PROMPTS_MOST } = EDGE_VARIABLES
/** Milliseconds that one round trip may take: a thousand prompts are some 10 MB. */
const TIMEOUT_MS = 30_000
/** Characters of a prompt in a table. */
const SHOWN = 100

/** `twohop prompts`: what was asked lately, as edges with `LOG_PROMPTS=redacted` keep it. It needs the edge's own Redis token. */
export function promptsCommand(context: CliContext): Command {
  return new Command('prompts')
    .option('--account <name>', 'only those of this account')
    .option('--request <id>', 'only that of this request')
    .option('--most <n>', 'how many of the latest to look at', whole(1, 100_000), 100)
    .option('--json', 'print JSON, with whole prompts', false)
    .allowExcessArguments(false)
    .action(async ({ account, request, most, json }: Options) => {
      const found = (await latest(most)).filter(
        (one) => (account ?? one.account) === one.account && (request ?? one.request_id) === one.request_id,
      )
      context.out(json ? `${JSON.stringify(found)}\n` : table(found))
    })
}

async function latest(most: number): Promise<KeptPrompt[]> {
  const read = readEdgeVariables({ ...REDIS_VARIABLES, LOG_PROMPTS_HOURS, LOG_PROMPTS_MOST })
  const store = createUpstashPrompts({
    url: read.UPSTASH_REDIS_REST_URL,
    token: read.UPSTASH_REDIS_REST_TOKEN,
    timeoutMs: TIMEOUT_MS,
    keptMs: read.LOG_PROMPTS_HOURS * 3_600_000,
    most: read.LOG_PROMPTS_MOST,
    now: Date.now,
  })
  try {
    return await store.latest(most)
  } catch (error) {
    if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
    throw error
  }
}

function table(found: readonly KeptPrompt[]): string {
  if (found.length === 0) return 'Nothing.\n'
  const columns = ['when', 'request', 'account', 'model', 'prompt'].map((title) => ({ title }))
  const rows = found.map(({ at, request_id, account, model, version, prompt }) => [
    timeText(at / 1000),
    plain(request_id),
    plain(account),
    plain(version === undefined ? model : `${model} ${version}`),
    plain(prompt.slice(0, SHOWN)),
  ])
  return `${textTable(columns, rows).join('\n')}\n`
}
