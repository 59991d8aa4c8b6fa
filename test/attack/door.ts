import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Door = { url: string; stop(): void }

/** A way to the host that counts who comes: `GET /count` says how many requests went through it. */
export async function startDoor(host: string): Promise<Door> {
  let count = 0
  const server = createServer((incoming, answer) => {
    if (incoming.url === '/count') return void answer.end(String(count))
    count++
    const { method, headers, url = '/' } = incoming
    const onward = request(new URL(url, host), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
