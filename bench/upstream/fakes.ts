// `node local/run.mjs bench/upstream/fakes.ts openai|anthropic`: a fake of a vendor's API on this machine, to try upstreams with. Its
// `GET /counts` says how many answers it gave.
import { createServer } from 'node:http'
import { startStub } from './stub.ts'

const PORTS = { openai: 9001, anthropic: 9002 } as const

/** A message as Anthropic's Messages API answers it: always the same, of 16 tokens. */
const MESSAGE = {
  id: 'msg_fake',
  type: 'message',
  role: 'assistant',
  model: 'claude-fake',
  content: [{ type: 'text', text: 'I am a fake.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 40, output_tokens: 16 },
}

async function startAnthropic(port: number): Promise<void> {
  let answers = 0
  const server = createServer((request, response) => {
    const counted = request.method === 'GET' && request.url === '/counts'
    if (!counted) answers++
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(counted ? { answers } : MESSAGE))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
}

const [kind = ''] = process.argv.slice(2)
if (kind === 'openai') await startStub(PORTS.openai)
else if (kind === 'anthropic') await startAnthropic(PORTS.anthropic)
else throw new Error('Name one: openai or anthropic.')
console.log(`A fake of ${kind} listens on http://127.0.0.1:${PORTS[kind]}.`)
