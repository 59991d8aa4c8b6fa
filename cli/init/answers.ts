import { readVariables } from '../../edge/runtime/read-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { CliError } from '../context.ts'
import { EMBEDDED, isModelFolder, KINDS, type Kind } from './model.ts'

export const SIGN_INS = ['firebase', 'supabase', 'both'] as const
export type SignIn = (typeof SIGN_INS)[number]
export const RUNTIMES = ['workers', 'supabase', 'firebase', 'node'] as const
export type Runtime = (typeof RUNTIMES)[number]

/** All that the configuration follows from. */
export type Answers = {
  firebaseProjects: string[]
  supabaseUrls: string[]
  runtime: Runtime
  model: string
  modelId: string | undefined
  kind: Kind
  context: number | undefined
  origins: string[]
  /** What may come later: it is then left to do. */
  redisUrl: string | undefined
  hostUrl: string | undefined
}

/** What the options say; the rest is asked. */
export type Given = {
  [Name in Exclude<keyof Answers, 'firebaseProjects' | 'supabaseUrls' | 'origins'>]?:
    | Answers[Name]
    | undefined
} & {
  signIn?: SignIn | undefined
  firebaseProjects: string[]
  supabaseUrls: string[]
  origins: string[]
}

/** Asks one question and gives the typed line. */
export type Ask = (question: string) => Promise<string>

type Question = {
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

const QUESTIONS: readonly Question[] = [
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
      given.runtime = choice('--runtime', RUNTIMES, answer)
    },
  },
  {
    flag: '--model',
    needed: ({ model }) => model === undefined,
    text: 'Which model? A hub id (owner/name), a folder, or the small ones that come along',
    usual: EMBEDDED,
    take: (given, answer) => {
      given.model = answer
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

/**
 * The answers: those that are given, and the rest by asking. Where nobody can be asked, `usual` takes what is usual for
 * the rest.
 * @throws CliError usage, which names every option that is missing
 */
export async function answersOf(
  given: Given,
  { ask, usual }: { ask?: Ask | undefined; usual: boolean },
): Promise<Answers> {
  const all: Given = { ...given }
  all.signIn ??=
    all.firebaseProjects.length > 0
      ? all.supabaseUrls.length > 0
        ? 'both'
        : 'firebase'
      : all.supabaseUrls.length > 0
        ? 'supabase'
        : undefined
  const missing: string[] = []
  for (const question of QUESTIONS) {
    if (!question.needed(all)) continue
    if (ask !== undefined && !usual) await answered(question, all, ask)
    else if (usual && question.usual) question.take(all, question.usual)
    else if (!question.optional) missing.push(question.flag)
  }
  if (missing.length > 0)
    throw new CliError(
      'usage',
      `Nobody can be asked here, so say ${missing.join(', ')}; --help has examples.`,
    )
  const { runtime, model, modelId, kind = 'chat', context, redisUrl, hostUrl } = all
  if (runtime === undefined || model === undefined) throw new RangeError('every question has an answer')
  if (runtime === 'firebase' && all.firebaseProjects.length === 0)
    throw new CliError('usage', 'A function of Firebase runs in a project: say --firebase-project.')
  return {
    firebaseProjects: all.firebaseProjects,
    supabaseUrls: all.supabaseUrls,
    runtime,
    model,
    modelId,
    kind,
    context,
    origins: all.origins,
    redisUrl: redisUrl || undefined,
    hostUrl: hostUrl || undefined,
  }
}

/** Times that one question comes before the command gives up. */
const TRIES = 5

async function answered(question: Question, all: Given, ask: Ask): Promise<void> {
  let hint = ''
  for (let tries = 0; tries < TRIES; tries++) {
    const usual = question.usual ? ` [${question.usual}]` : ''
    const answer = (await ask(`${hint}${question.text}${usual}: `)).trim() || question.usual
    if (answer === '' && question.optional) return
    try {
      if (answer) return question.take(all, answer)
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      hint = `${error.message}\n`
    }
  }
  throw new CliError('usage', `${question.flag} has no answer.`)
}

type Checked =
  | 'FIREBASE_PROJECT_IDS'
  | 'SUPABASE_URLS'
  | 'ALLOWED_ORIGINS'
  | 'UPSTASH_REDIS_REST_URL'
  | 'HOST_URL'

/**
 * Values by the edge's own rules for the variable that they go into.
 * @throws CliError usage with what is wrong
 */
export function checked(flag: string, name: Checked, values: string[]): string[] {
  const { complaints } = readVariables({ [name]: EDGE_VARIABLES[name] }, { [name]: values.join(',') })
  if (complaints.length > 0)
    throw new CliError('usage', complaints.map(({ rule }) => `${flag}: ${rule}`).join('; '))
  return values
}

/** Origins; an extension's id alone is that of Chrome. @throws CliError usage */
export function originsOf(values: string[]): string[] {
  const full = values.map((value) => (/^[a-p]{32}$/.test(value) ? `chrome-extension://${value}` : value))
  return checked('--origin', 'ALLOWED_ORIGINS', full)
}

/** The command line that gives these answers again, in one go. */
export function commandOf(answers: Answers): string {
  const {
    firebaseProjects,
    supabaseUrls,
    runtime,
    model,
    modelId,
    kind,
    context,
    origins,
    redisUrl,
    hostUrl,
  } = answers
  const options = [
    ...firebaseProjects.map((id) => ['--firebase-project', id]),
    ...supabaseUrls.map((url) => ['--supabase-url', url]),
    ['--runtime', runtime],
    ['--model', model],
    ...(model === EMBEDDED ? [] : [['--kind', kind]]),
    ...(modelId === undefined ? [] : [['--model-id', modelId]]),
    ...(context === undefined ? [] : [['--context', String(context)]]),
    ...origins.map((origin) => ['--origin', origin]),
    ...(redisUrl === undefined ? [] : [['--redis-url', redisUrl]]),
    ...(hostUrl === undefined ? [] : [['--host-url', hostUrl]]),
  ]
  return ['npx twohop init', ...options.map(([flag, value = '']) => `${flag} ${quoted(value)}`)].join(' ')
}

/** A word as a POSIX shell takes it for one. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
