import { Command } from 'commander'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { createAsk } from '../eval/ask.ts'
import { type Result, runSuite } from '../eval/run.ts'
import { suiteOf } from '../eval/suite.ts'
import { whole } from '../numbers.ts'
import { textOf } from '../text-file.ts'

type Options = { suite: string; atOnce: number; json: boolean }

/** Bad cases that a line names. */
const MOST_NAMED = 5

/** `twohop eval`: asks models and versions the cases of a suite, and says how many answers are good. */
export function evalCommand({ out, err, signal }: CliContext): Command {
  return new Command('eval')
    .requiredOption('--suite <file>', 'models, versions and cases, as JSON')
    .option('--at-once <n>', 'cases under way at once', whole(1, 64), 4)
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ suite: file, atOnce, json }: Options) => {
      const suite = suiteOf(await textOf(file))
      const results = await runSuite(suite, {
        ask: createAsk(suite.temperature, signal),
        atOnce,
        signal,
        progress: (done, all) => {
          if (done === all || done % Math.ceil(all / 10) === 0) err(`${done} of ${all}\n`)
        },
      })
      out(json ? `${JSON.stringify({ threshold: suite.threshold, results })}\n` : table(results))
      const below = results.filter(({ share }) => share < suite.threshold)
      if (below.length > 0)
        throw new CliError(
          'below_threshold',
          `Below ${suite.threshold}: ${below.map(({ model, version }) => plain(version ?? model)).join(', ')}.`,
        )
    })
}

function table(results: readonly Result[]): string {
  const columns = [
    { title: 'model' },
    { title: 'version' },
    ...['good', 'of', 'share', '95 % from', 'to', 'unanswered'].map((title) => ({ title, right: true })),
  ]
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const rows = results.map(({ model, version, good, all, share, interval: [low, high], unanswered }) => [
    plain(model),
    plain(version ?? '-'),
    ...[String(good), String(all), percent(share), percent(low), percent(high), String(unanswered)],
  ])
  const bad = results.flatMap((result) =>
    result.bad.length === 0
      ? []
      : [
          `bad at ${plain(result.version ?? result.model)}: ${result.bad.slice(0, MOST_NAMED).map(plain).join(', ')}${
            result.bad.length > MOST_NAMED ? ` and ${result.bad.length - MOST_NAMED} more` : ''
          }`,
        ],
  )
  return `${[...textTable(columns, rows), ...bad].join('\n')}\n`
}
