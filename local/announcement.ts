import { styleText } from 'node:util'
import type { StackFile } from './stack-file.ts'

const QUESTION = 'What is Twohop?'

/**
 * The text that `npm start` ends with: the URL, two ways to a streamed answer, and one to its cost. All commands work
 * as pasted.
 * @param stackFile path of the stack's file, as shown to the user
 * @param colour bold headings, for terminals
 */
export function announcement(
  { edge, postgres, tokens, models }: StackFile,
  { stackFile, colour }: { stackFile: string; colour: boolean },
): string {
  const heading = (text: string) => (colour ? styleText('bold', text, { validateStream: false }) : text)
  // A token of Supabase, because it can also read the ledger.
  const token = tokens.supabase.free
  const model = models.chat ?? ''
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: QUESTION }] })
  const ledger = postgres
    ? `
${heading('What it cost, from the ledger in Postgres (some seconds later, and nobody else can read it):')}
curl '${postgres.url}/rest/v1/usage_events?select=at,model,prompt_tokens,output_tokens,units&order=at.desc' -H 'apikey: ${postgres.publishableKey}' -H 'authorization: Bearer ${token}'
`
    : ''
  return `
${heading(`Twohop is up at ${edge.url}`)} (Ctrl-C stops it; tools find it in ${stackFile})

${heading('Talk to the model through both hops:')}
curl -N ${edge.url}/v1/chat/completions -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '${body}'

${heading('The same with the openai package:')}
import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${edge.url}/v1', apiKey: '${token}' })
for await (const chunk of await client.chat.completions.create(${body.replaceAll("'", "\\'")})) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
${ledger}
`
}
