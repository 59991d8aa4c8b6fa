import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { CLAIMS_OBJECT } from '../../edge/identity/owner-claims.ts'
import { DEMO_USERS, type DemoName } from '../../local/issuer/demo-users.ts'
import { openSigningKeys } from '../../local/issuer/jwks.ts'
import { createMint, type SupabaseUser } from '../../local/issuer/mint.ts'
import { isRunning, type StackFile } from '../../local/stack-file.ts'
import { stackFolder } from '../../local/stack-folder.ts'
import { type CliContext, CliError } from '../context.ts'
import { whole } from '../numbers.ts'

type Options = {
  user: DemoName
  platform: 'firebase' | 'supabase'
  plan?: string
  ttl: number
  port?: string
}

/** The longest life of a token, in seconds. */
const DAY_SECONDS = 86_400

const EXAMPLES = `
Examples:
  npx twohop token
  npx twohop token --user pro --platform firebase
  curl http://127.0.0.1:8787/v1/usage -H "authorization: Bearer $(npx twohop token --plan pro --ttl 600)"`

/** `twohop token`: a token of a demo user of the stack that runs here, signed with that stack's own keys. */
export function tokenCommand({ out }: CliContext): Command {
  return new Command('token')
    .addOption(new Option('--user <name>', 'the demo user').choices(Object.keys(DEMO_USERS)).default('free'))
    .addOption(
      new Option('--platform <which>', 'whose token').choices(['firebase', 'supabase']).default('supabase'),
    )
    .option('--plan <id>', "another plan than the user's own")
    .option('--ttl <seconds>', 'how long it holds', whole(1, DAY_SECONDS), 3600)
    .option('--port <port>', 'port of the edge, where several stacks run in one folder')
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const folder = stackFolder(process.env.TWOHOP_DIR)
      const stack = await runningStack(folder, options.port)
      const plans = stack.catalog.plans.map(({ id }) => id)
      if (options.plan !== undefined && !plans.includes(options.plan))
        throw new CliError('usage', `--plan is one of ${plans.join(', ')}.`)
      const { firebase, supabase } = stack.issuers
      if (options.platform === 'firebase' && firebase.trusted === false)
        throw new CliError('not_trusted', 'This stack lets in users of a Firebase project of yours instead.')
      const user = DEMO_USERS[options.user]
      if (options.platform === 'supabase' && options.user === 'unverified')
        throw new CliError(
          'usage',
          'Supabase gives no token to a user whose e-mail address is not confirmed: take --platform firebase.',
        )
      const mint = createMint({
        keys: await openSigningKeys(join(folder, 'issuer')),
        ...{
          projectId: firebase.projectId,
          supabaseUrl: supabase.url,
          ttlSeconds: options.ttl,
          now: Date.now,
        },
      })
      const claims = options.plan === undefined ? {} : { plan: options.plan }
      const token =
        options.platform === 'firebase'
          ? mint.mintFirebase({
              ...user.firebase,
              customClaims: { [CLAIMS_OBJECT]: { ...user.owner, ...claims } },
            })
          : mint.mintSupabase({ ...user.supabase, appMetadata: withClaims(user.supabase, claims) })
      out(`${await token}\n`)
    })
}

/** `app_metadata` of a demo user with more said by its owner. */
function withClaims({ appMetadata = {} }: SupabaseUser, claims: object) {
  return {
    ...appMetadata,
    [CLAIMS_OBJECT]: { ...(appMetadata[CLAIMS_OBJECT] as object | undefined), ...claims },
  }
}

/** The stack whose file lies in the folder. @throws CliError `no_stack` where none runs */
async function runningStack(folder: string, port: string | undefined): Promise<StackFile> {
  const names = port === undefined ? ['stack.json'] : [`stack-${port}.json`, 'stack.json']
  for (const name of names) {
    const stack = await stackOf(join(folder, name))
    const fits = stack && (port === undefined || new URL(stack.edge.url).port === port)
    if (fits && isRunning(stack.edge.pid)) return stack
  }
  const at = port === undefined ? '' : ` on port ${port}`
  throw new CliError('no_stack', `No stack runs${at} in ${folder}: start one with npm start.`)
}

async function stackOf(path: string): Promise<StackFile | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as StackFile
  } catch {
    return undefined
  }
}
