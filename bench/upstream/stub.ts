import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as z from 'zod'
import { UsageQuestion } from '../../shared/usage.ts'
import { ANSWER, ANSWER_HEADERS, readStubModel, type StubModel, streamOf, usedBy } from './answers.ts'

const Asked = z.object({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
})

/**
 * The stub's counts so far. `questions` counts those what streams were, `left` streams whose reader went away before their end.
 */
export type StubCounts = {
  answers: number
  streams: number
  questions: number
  left: number
  refused: number
}

export type Stub = { url: string; counts(): StubCounts; stop(): Promise<void> }

/**
 * Starts the smallest possible OpenAI-compatible server, so that nearly all that is measured is the gateway in front of
 * it. It gives answers of 400 bytes, and streams whose model's name says how many chunks they have and how long each
 * takes. To the edge's question what a stream was it says the same for each. `GET /counts` gives its counts. It listens on loopback.
 * @param port default a free one
 */
export async function startStub(port = 0): Promise<Stub> {
  const counts: StubCounts = { answers: 0, streams: 0, questions: 0, left: 0, refused: 0 }
  const streams = new Map<string, Buffer[]>()

  function refuse(response: ServerResponse, status: number, code: string, message: string): void {
    counts.refused++
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code } }))
  }

  function answer(response: ServerResponse, body: string): void {
    const asked = read(body)
    const model = readStubModel(asked?.model)
    if (asked === undefined) refuse(response, 400, 'bad_request', 'The body is no request for a chat.')
    else if (model === undefined) refuse(response, 404, 'model_not_found', `There is no ${asked.model}.`)
    else if (asked.stream) stream(response, model, asked.stream_options?.include_usage === true)
    else {
      counts.answers++
      response.writeHead(200, ANSWER_HEADERS)
      response.end(ANSWER)
    }
  }

  function say(response: ServerResponse, body: string): void {
    counts.questions++
    json(response, usedBy(UsageQuestion.parse(JSON.parse(body))))
  }

  function json(response: ServerResponse, value: object): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }

  function stream(response: ServerResponse, model: StubModel, withUsage: boolean): void {
    counts.streams++
    const key = `${model.chunks} ${withUsage}`
    const events = streams.get(key) ?? streamOf(model, withUsage)
    streams.set(key, events)
    response.once('close', () => {
      if (!response.writableFinished) counts.left++
    })
    write(response, events, model)
  }

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url?.endsWith('/chat/completions'))
      collect(request, (body) => answer(response, body))
    else if (request.method === 'POST' && request.url === '/v1/requests/usage')
      collect(request, (body) => say(response, body))
    else if (request.method === 'GET' && request.url === '/counts') json(response, counts)
    else refuse(response, 404, 'not_found', 'There is nothing here.')
  })
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => ({ ...counts }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Writes a stream's events one by one: in turns of the event loop, or each at its time from the beginning. */
function write(response: ServerResponse, events: readonly Buffer[], { delayMs }: StubModel): void {
  const began = performance.now()
  let next = 0
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  const step = () => {
    if (response.destroyed) return
    response.write(events[next++])
    if (next === events.length) response.end()
    else if (delayMs === 0) setImmediate(step)
    else setTimeout(step, Math.max(0, began + next * delayMs - performance.now()))
  }
  step()
}

function collect(request: IncomingMessage, then: (body: string) => void): void {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.once('end', () => then(Buffer.concat(pieces).toString()))
}

function read(body: string): z.infer<typeof Asked> | undefined {
  try {
    return Asked.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}
