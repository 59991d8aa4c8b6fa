import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export const COMMIT = 'a'.repeat(40)
export const REPOSITORY_ID = 'owner/name'

export const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')

type Fault = (request: IncomingMessage, response: ServerResponse) => void
type Seen = {
  url: string
  authorization: string | undefined
  range: string | undefined
  ifRange: string | undefined
}

/** Answers of the fake hub that a test can ask for, one a request. */
export const faults = {
  status:
    (status: number, headers: Record<string, string> = {}): Fault =>
    (_, response) =>
      response.writeHead(status, headers).end('no'),
  /** Announces everything, sends `bytes` of it, and drops the connection. */
  truncated:
    (content: Uint8Array, bytes: number, etag: string): Fault =>
    (_, response) => {
      response.writeHead(200, { 'content-length': content.length, etag })
      response.write(content.subarray(0, bytes), () => response.destroy())
    },
  /** The same, then nothing more. */
  stalled:
    (content: Uint8Array, bytes: number, etag: string): Fault =>
    (_, response) => {
      response.writeHead(200, { 'content-length': content.length, etag })
      response.write(content.subarray(0, bytes))
    },
  /** A whole answer with other content. */
  served:
    (content: Uint8Array, headers: Record<string, string> = {}): Fault =>
    (_, response) =>
      response.writeHead(200, { 'content-length': content.length, ...headers }).end(content),
  redirect:
    (location: string): Fault =>
    (_, response) =>
      response.writeHead(302, { location }).end(),
}

/**
 * A hub on loopback with one repository, and its storage at another origin: large files (`onnx/`) are redirected
 * there with the hub's `x-linked-*` headers, as huggingface.co does it; the others are served directly.
 */
export async function startHub(files: Record<string, Uint8Array>, listed = Object.keys(files)) {
  const seen: { hub: Seen[]; storage: Seen[] } = { hub: [], storage: [] }
  const scripted = new Map<string, Fault[]>()

  const note = (list: Seen[], { url = '', headers }: IncomingMessage) =>
    list.push({
      url,
      authorization: headers.authorization,
      range: headers.range,
      ifRange: headers['if-range'] as string | undefined,
    })
  const fault = (where: string, url: string) => scripted.get(`${where} ${nameIn(url)}`)?.shift()
  const nameIn = (url: string) =>
    decodeURIComponent(new URL(url, 'http://hub').pathname.replace(/^.*\/(resolve|blob)\/[0-9a-f]{40}\//, ''))

  const storage = await listen((request, response) => {
    note(seen.storage, request)
    const url = request.url ?? ''
    const scriptedFault = fault('storage', url)
    if (scriptedFault) return scriptedFault(request, response)
    const content = files[nameIn(url)]
    if (content) sendRange(request, response, content, `"${sha256(content).slice(0, 32)}"`)
    else response.writeHead(404).end()
  })

  const hub = await listen((request, response) => {
    note(seen.hub, request)
    const url = request.url ?? ''
    if (url.startsWith('/api/models/')) {
      const scriptedFault = scripted.get('list')?.shift()
      if (scriptedFault) return scriptedFault(request, response)
      if (!url.startsWith(`/api/models/${REPOSITORY_ID}/revision/`)) return response.writeHead(404).end()
      const body = JSON.stringify({ sha: COMMIT, siblings: listed.map((rfilename) => ({ rfilename })) })
      return response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    }
    const name = nameIn(url)
    const scriptedFault = fault('hub', url)
    if (scriptedFault) return scriptedFault(request, response)
    const content = files[name]
    if (!content || !url.startsWith(`/${REPOSITORY_ID}/resolve/${COMMIT}/`))
      return response.writeHead(404).end()
    if (!name.startsWith('onnx/')) return sendRange(request, response, content, `"${'1'.repeat(40)}"`)
    return response
      .writeHead(302, {
        location: `${storage}/blob/${COMMIT}/${name}?signature=secret`,
        'x-linked-etag': `"${sha256(content)}"`,
        'x-linked-size': content.length,
      })
      .end()
  })

  return {
    endpoint: hub,
    storage,
    seen,
    /** Lets the next requests for a file (or `list`) at the `hub` or the `storage` meet these. */
    script(where: 'list' | `hub ${string}` | `storage ${string}`, ...next: Fault[]) {
      scripted.set(where, next)
    },
  }
}

function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
  etag: string,
): void {
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  if (from === undefined || request.headers['if-range'] !== etag) {
    response.writeHead(200, { 'content-length': content.length, etag }).end(content)
  } else if (Number(from) >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
  } else {
    const rest = content.subarray(Number(from))
    response
      .writeHead(206, {
        'content-length': rest.length,
        'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
        etag,
      })
      .end(rest)
  }
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
