import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { HERE } from '../../local/here.ts'
import { type CliContext, CliError } from '../context.ts'
import { type Given, RUNTIMES, type Runtime, SIGN_INS, type SignIn } from '../init/answers.ts'
import { newCatalog, priceSheet } from '../init/catalog.ts'
import { checked, originsOf } from '../init/checked.ts'
import { answersOf } from '../init/interview.ts'
import { EMBEDDED, KINDS, type Kind, knownSource, ownModel } from '../init/model.ts'
import { MANIFEST, planned } from '../init/plan.ts'
import { outcomeOf, refuseUnignored, writeFiles } from '../init/planned-file.ts'
import { type Step, stepsOf } from '../init/todo.ts'
import { whole } from '../numbers.ts'
import { textOf } from '../text-file.ts'

type Options = {
  signIn?: SignIn
  firebaseProject: string[]
  supabaseUrl: string[]
  runtime?: Runtime
  model?: string
  modelId?: string
  kind?: Kind
  context?: number
  origin: string[]
  redisUrl?: string
  hostUrl?: string
  price?: string
  out?: string
  yes: boolean
  dryRun: boolean
  force: boolean
  json: boolean
}

const EXAMPLES = `
Environment:
  UPSTASH_REDIS_REST_TOKEN  the token of your Redis; it is no option, because a typed line stays in the shell's history

Examples:
  npx twohop init
  npx twohop init --firebase-project my-project --runtime workers --model embedded --origin <id of your extension>
  npx twohop init --supabase-url https://abc.supabase.co --runtime node --model ./my-model --kind chat \\
    --origin https://app.example --redis-url https://abc.upstash.io --host-url https://host.example.com
  npx twohop init --yes --dry-run --firebase-project my-project --origin https://app.example`

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const collect = (value: string, values: string[]) => [...values, value]

/** `twohop init`: the configuration of a deployment, from a few answers. */
export function initCommand({ out, err, ask }: CliContext): Command {
  return new Command('init')
    .addOption(new Option('--sign-in <which>', 'where your users sign in').choices(SIGN_INS))
    .option('--firebase-project <id>', 'Firebase project whose users are let in (repeatable)', collect, [])
    .option('--supabase-url <url>', 'Supabase project whose users are let in (repeatable)', collect, [])
    .addOption(new Option('--runtime <which>', 'where the edge will run').choices(RUNTIMES))
    .option('--model <source>', `hub id (owner/name), folder, or ${EMBEDDED}: the small ones that come along`)
    .option('--model-id <name>', "the clients' name for it (default: the hub id, or the folder's name)")
    .addOption(new Option('--kind <kind>', 'what it does').choices(KINDS))
    .option('--context <tokens>', 'most tokens of prompt and answer together', whole(1, 10_000_000))
    .option(
      '--origin <origin>',
      'page that may call: an origin, or the id of an extension (repeatable)',
      collect,
      [],
    )
    .option('--redis-url <url>', 'REST URL of your Upstash database')
    .option('--host-url <url>', 'where the edge reaches the host')
    .option('--price <file>', 'prices and budgets: output of `npx twohop price --json`')
    .option('--out <folder>', 'where to write (default: the project)')
    .option('--yes', 'ask nothing: take what is usual for what is not said', false)
    .option('--dry-run', 'say what would be written, and write nothing', false)
    .option('--force', 'write over what is there and differs', false)
    .option('--json', 'print JSON, and ask nothing', false)
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const answers = await answersOf(givenOf(options), {
        ask: options.json ? undefined : ask,
        usual: options.yes,
      })
      const folder = options.out === undefined ? PROJECT : resolve(HERE, options.out)
      const model =
        answers.model === EMBEDDED
          ? undefined
          : await ownModel({
              source: answers.model,
              id: answers.modelId,
              kind: answers.kind,
              context: answers.context,
              manifestFolder: dirname(join(folder, MANIFEST)),
            })
      const sheet = options.price === undefined ? undefined : priceSheet(await textOf(options.price))
      const catalog = newCatalog(model, sheet)
      const redisToken = process.env.UPSTASH_REDIS_REST_TOKEN || undefined
      const { files, settings } = await planned(folder, answers, { catalog, model, redisToken })
      const outcomes = await Promise.all(
        files.map(async (file) => ({
          path: file.path,
          outcome: await outcomeOf(folder, file),
          differs: file.differs,
        })),
      )
      if (options.dryRun) await refuseUnignored(folder, files)
      else await writeFiles(folder, files, { force: options.force })
      const steps = stepsOf(folder, answers, { settings, model, more: again(options) })
      if (options.json)
        out(`${JSON.stringify({ dry_run: options.dryRun, files: outcomes, left_to_do: steps })}\n`)
      else {
        for (const { path, outcome, differs } of outcomes) {
          out(`${outcome.padEnd(9)} ${path}\n`)
          for (const what of differs) err(`          ${what}\n`)
        }
        if (options.dryRun) out('Nothing was written, because of --dry-run.\n')
        out(`\n${stepText(steps)}`)
      }
    })
}

/** Options that are to be typed again with the answers. */
const again = ({ out, price }: Options) =>
  [out && `--out ${resolve(HERE, out)}`, price && `--price ${resolve(HERE, price)}`].filter(Boolean).join(' ')

/** What the options say. @throws CliError usage */
function givenOf(options: Options): Given {
  const { redisUrl, hostUrl, firebaseProject, supabaseUrl, origin } = options
  if (options.model === EMBEDDED && (options.modelId ?? options.kind ?? options.context) !== undefined)
    throw new CliError('usage', 'The models that come along have their names, kinds and contexts.')
  return {
    signIn: options.signIn,
    firebaseProjects: checked('--firebase-project', 'FIREBASE_PROJECT_IDS', firebaseProject),
    supabaseUrls: checked('--supabase-url', 'SUPABASE_URLS', supabaseUrl),
    runtime: options.runtime,
    model: options.model === undefined ? undefined : knownSource(options.model),
    modelId: options.modelId,
    kind: options.kind,
    context: options.context,
    origins: originsOf(origin),
    ...(redisUrl !== undefined && {
      redisUrl: checked('--redis-url', 'UPSTASH_REDIS_REST_URL', [redisUrl])[0],
    }),
    ...(hostUrl !== undefined && { hostUrl: checked('--host-url', 'HOST_URL', [hostUrl])[0] }),
  }
}

function stepText(steps: readonly Step[]): string {
  return `${['Left to do:', ...steps.flatMap(({ what, run }, i) => ['', `${i + 1}. ${what}`, ...run.map((line) => `   ${line}`)])].join('\n')}\n`
}
