import { CliError } from '../context.ts'
import { type Given, RUNTIMES, SIGN_INS, type SignIn } from './answers.ts'
import { checked, originsOf } from './checked.ts'
import { EMBEDDED, isModelFolder, KINDS, knownSource } from './model.ts'

/** One question, and what becomes of its answer. */
export type Question = {
  flag: string
  /** Whether the answers so far make it necessary. */
  needed: (given: Given) => boolean
  text: string
  /** What an empty line stands for; without it the question comes again. */
  usual?: string
  /** Puts the answer where it belongs. @throws CliError usage, whose message is shown before it is asked again */
  take: (given: Given, answer: string) => void
  /** May stay without an answer. */
  optional?: true
}

const choice = <T extends string>(name: string, choices: readonly T[], answer: string): T => {
  const found = choices.find((each, i) => each === answer || String(i + 1) === answer)
  if (found === undefined) throw new CliError('usage', `${name} is one of ${choices.join(', ')}.`)
  return found
}
const wants = (signIn: SignIn | undefined, one: SignIn) => signIn === one || signIn === 'both'
const listed = (choices: readonly string[]) => choices.map((each, i) => `${i + 1} ${each}`).join(', ')
const parts = (answer: string) => answer.split(/[\s,]+/).filter((part) => part !== '')

/** All of them, in the order in which they are asked. */
export const QUESTIONS: readonly Question[] = [
  {
    flag: '--sign-in',
    needed: ({ signIn }) => signIn === undefined,
    text: `Where do your users sign in? (${listed(SIGN_INS)})`,
    take: (given, answer) => {
      given.signIn = choice('--sign-in', SIGN_INS, answer)
    },
  },
  {
    flag: '--firebase-project',
    needed: ({ signIn, firebaseProjects }) => wants(signIn, 'firebase') && firebaseProjects.length === 0,
    text: 'Id of your Firebase project',
    take: (given, answer) => {
      given.firebaseProjects = checked('--firebase-project', 'FIREBASE_PROJECT_IDS', parts(answer))
    },
  },
  {
    flag: '--supabase-url',
    needed: ({ signIn, supabaseUrls }) => wants(signIn, 'supabase') && supabaseUrls.length === 0,
    text: 'URL of your Supabase project, such as https://abc.supabase.co',
    take: (given, answer) => {
      given.supabaseUrls = checked('--supabase-url', 'SUPABASE_URLS', parts(answer))
    },
  },
  {
    flag: '--runtime',
    needed: ({ runtime }) => runtime === undefined,
    text: `Where will the edge run? (${listed(RUNTIMES)})`,
    usual: 'workers',
    take: (given, answer) => {
      const runtime = choice('--runtime', RUNTIMES, answer)
      requireProject({ ...given, runtime })
      given.runtime = runtime
    },
  },
  {
    flag: '--model',
    needed: ({ model }) => model === undefined,
    text: 'Which model? A hub id (owner/name), a folder, or the small ones that come along',
    usual: EMBEDDED,
    take: (given, answer) => {
      given.model = knownSource(answer)
    },
  },
  {
    flag: '--kind',
    needed: ({ model = EMBEDDED, kind }) => model !== EMBEDDED && kind === undefined,
    text: `What does it do? (${listed(KINDS)})`,
    usual: 'chat',
    take: (given, answer) => {
      given.kind = choice('--kind', KINDS, answer)
    },
  },
  {
    flag: '--context',
    needed: ({ model = EMBEDDED, context }) =>
      context === undefined && model !== EMBEDDED && !isModelFolder(model),
    text: 'How many tokens does it hold, prompt and answer together? Its card says',
    take: (given, answer) => {
      if (!/^[1-9]\d{0,6}$/.test(answer))
        throw new CliError('usage', '--context is a whole number of tokens.')
      given.context = Number(answer)
    },
  },
  {
    flag: '--origin',
    needed: ({ origins }) => origins.length === 0,
    text: 'Which pages may call? Ids of extensions, or origins such as https://app.example, by comma',
    take: (given, answer) => {
      given.origins = originsOf(parts(answer))
    },
  },
  {
    flag: '--redis-url',
    needed: ({ redisUrl }) => redisUrl === undefined,
    text: 'REST URL of your Upstash database (empty: later)',
    usual: '',
    optional: true,
    take: (given, answer) => {
      given.redisUrl = checked('--redis-url', 'UPSTASH_REDIS_REST_URL', [answer])[0]
    },
  },
  {
    flag: '--host-url',
    needed: ({ hostUrl }) => hostUrl === undefined,
    text: 'Where will the edge reach your host, such as https://host.example.com? (empty: later)',
    usual: '',
    optional: true,
    take: (given, answer) => {
      given.hostUrl = checked('--host-url', 'HOST_URL', [answer])[0]
    },
  },
]

/** A function of Firebase runs in a project. @throws CliError usage where none is named */
export function requireProject({
  runtime,
  firebaseProjects,
}: Pick<Given, 'runtime' | 'firebaseProjects'>): void {
  if (runtime === 'firebase' && firebaseProjects.length === 0)
    throw new CliError('usage', 'A function of Firebase runs in a project: say --firebase-project.')
}
