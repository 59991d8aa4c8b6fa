import { dirname, isAbsolute } from 'node:path'
import { styleText } from 'node:util'
import { DEMO_PASSWORD, DEMO_USERS } from './issuer/demo-users.ts'
import { questionsFor } from './questions.ts'
import type { StackFile } from './stack-file.ts'

type Options = {
  /** Paths as the user's shell takes them. */
  stackFile: string
  headerFile: string
  /** The example extension; undefined where it is not there. */
  example: string | undefined
  /** `EDGE_EMULATORS`; undefined for none. */
  emulators: string | undefined
  /** Bold headings, for terminals. */
  colour: boolean
  /** Whether to print what takes more than a screen. */
  verbose: boolean
}

/** The text that `npm start` ends with: where it is, and what to do first. All commands work as pasted. */
export function announcement(file: StackFile, options: Options): string {
  const { edge, postgres, issuers } = file
  const { headerFile, stackFile, example, emulators } = options
  const heading = (text: string) =>
    options.colour ? styleText('bold', text, { validateStream: false }) : text
  const [user, admin] = [DEMO_USERS.free.supabase.email, DEMO_USERS.admin.supabase.email]
  return [
    '',
    `${heading(`Twohop is up at ${edge.url}`)} (Ctrl-C stops it; tools find it in ${stackFile})`,
    ...(emulators ? ['It takes tokens of emulators, too, which anybody on this machine can make.'] : []),
    '',
    ...ask(file, headerFile, heading),
    ...(postgres
      ? [
          heading('What it cost, from the ledger, within about ten seconds:'),
          `curl -H ${headers(headerFile)} '${postgres.url}/rest/v1/usage_events?select=at,model,units'`,
        ]
      : []),
    '',
    `${heading('Sign in')} with the SDK of Firebase or Supabase at ${issuers.supabase.url}:`,
    `${user}, password ${DEMO_PASSWORD}; or sign up there.`,
    `${heading('The dashboard')} is at ${edge.url}/dashboard, for the same users; ${admin} sees all.`,
    ...(example ? [heading('The example extension:'), ...load(example)] : []),
    ...(options.verbose ? openai(file, stackFile, heading) : []),
    '',
  ].join('\n')
}

const headers = (path: string) => word(`@${path}`)
/** A word as a POSIX shell takes it for one. */
const word = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

function ask({ edge, models }: StackFile, headerFile: string, heading: (text: string) => string): string[] {
  if (models.chat === null) {
    if (models.embed === null) return []
    const body = JSON.stringify({ model: models.embed, input: 'hello' })
    return [
      heading('Ask its model through both hops:'),
      `curl ${edge.url}/v1/embeddings -H ${headers(headerFile)} -d ${word(body)}`,
    ]
  }
  const [question, ...others] = questionsFor(models.chat)
  const messages = [{ role: 'user', content: question }]
  const body = JSON.stringify({ model: models.chat, stream: true, messages })
  // JSON may have a line's end where it begins.
  const lines = word(body).replace('{', '{\n  ')
  return [
    heading('Ask its model through both hops:'),
    `curl -N ${edge.url}/v1/chat/completions -H ${headers(headerFile)} -d ${lines}`,
    `It also answers: ${others.join(' ')}`,
  ]
}

/** Built from the project's folder, which may not be the one that the user is in. */
function load(example: string): string[] {
  const project = isAbsolute(example) ? ` --prefix ${word(dirname(dirname(example)))}` : ''
  return [
    `npm${project} run build:extension   # once`,
    `chrome://extensions, Developer mode, Load unpacked: ${example}/dist/chrome-mv3-dev`,
  ]
}

function openai({ edge, models }: StackFile, stackFile: string, heading: (text: string) => string): string[] {
  if (models.chat === null) return []
  const [question] = questionsFor(models.chat)
  const body = { model: models.chat, stream: true, messages: [{ role: 'user', content: question }] }
  return [
    '',
    heading('The same with the openai package:'),
    "import OpenAI from 'openai'",
    `const { tokens } = JSON.parse((await import('node:fs')).readFileSync(${JSON.stringify(stackFile)}, 'utf8'))`,
    `const client = new OpenAI({ baseURL: '${edge.url}/v1', apiKey: tokens.supabase.free })`,
    `for await (const chunk of await client.chat.completions.create(${JSON.stringify(body)})) process.stdout.write(chunk.choices[0]?.delta.content ?? '')`,
  ]
}
