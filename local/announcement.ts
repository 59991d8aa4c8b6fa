import { styleText } from 'node:util'
import type { StackFile } from './stack-file.ts'

const QUESTION = 'What is Twohop?'

/**
 * What `npm start` ends with: the URL, and two ways to a streamed answer that work as pasted.
 * @param colour bold headings, for terminals
 */
export function announcement({ edge, tokens, models }: StackFile, colour: boolean): string {
  const heading = (text: string) => (colour ? styleText('bold', text, { validateStream: false }) : text)
  const token = tokens.firebase.free
  const model = models.chat ?? ''
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: QUESTION }] })
  return `
${heading(`Twohop is up at ${edge.url}`)} (Ctrl-C stops it; tools find it in .local/stack.json)

${heading('Talk to the model through both hops:')}
curl -N ${edge.url}/v1/chat/completions -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '${body}'

${heading('The same with the openai package:')}
import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${edge.url}/v1', apiKey: '${token}' })
for await (const chunk of await client.chat.completions.create(${body.replaceAll("'", "\\'")})) process.stdout.write(chunk.choices[0]?.delta.content ?? '')

`
}
