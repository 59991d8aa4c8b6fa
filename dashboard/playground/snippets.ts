type Body = Readonly<Record<string, unknown>>

/** A text that a POSIX shell reads as it is. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** The request as a command. The credential is the reader's own to put there. */
export function asCurl(edge: string, body: Body): string {
  return [
    `curl -N ${quoted(`${edge}/v1/chat/completions`)}`,
    `  -H "Authorization: Bearer $TOKEN"`,
    `  -H 'Content-Type: application/json'`,
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n')
}

/** The request by OpenAI's package. */
export function asCode(edge: string, body: Body): string {
  return `import OpenAI from 'openai'

const client = new OpenAI({ baseURL: ${JSON.stringify(`${edge}/v1`)}, apiKey: process.env.TOKEN })
const stream = await client.chat.completions.create(${JSON.stringify(body, null, 2)})
for await (const { choices } of stream) process.stdout.write(choices[0]?.delta?.content ?? '')
`
}
