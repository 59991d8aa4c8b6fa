import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Milliseconds for which what a client still sends is thrown away after the end of its answer. */
const LINGER_MS = 5000
/** Bytes that a socket reads at once; one that gives so many has more. */
const FULL = 65_536
/** Milliseconds that the rest of a long body waits: a refusal without a look at it takes 3 ms. */
const REFUSED_WITHIN_MS = 50
/** And after the answer of such a refusal, which closes the connection. */
const CLOSED_WITHIN_MS = 200

export type Front = {
  url: string
  stop(): void
}

/**
 * Listens on loopback before workerd, which hears of a client's end only when it writes to it: to HTTP a client that closed its
 * side (FIN) may still read (RFC 9112, section 9.6). Node takes it as gone, and so does this: it resets its own connection,
 * which workerd notices at once. A client that still sends its body when it is answered gets the answer, too.
 * @param port 0 for a free one
 * @param to workerd's port
 */
export async function startFront(port: number, to: number): Promise<Front> {
  const clients = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    join(client, connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close()
      for (const client of clients) client.destroy()
    },
  }
}

/** What is used of a socket. */
type Joined = Duplex & Pick<Socket, 'resetAndDestroy'>

/**
 * workerd resets a connection whose body it does not want right after its answer, and a write to that would lose the answer. So
 * the rest of a long body waits until a refusal would have come.
 */
export function join(client: Joined, worker: Joined): void {
  let isAnswered = false
  let isAnswering = false
  let isLong = false
  const resume = () => void client.resume()
  function left(): void {
    client.destroy()
    worker.resetAndDestroy()
  }
  function answered(): void {
    isAnswered = true
    // Only when the system has all of it: a client that reads slowly is not to lose what waits here.
    client.end(() => setTimeout(left, LINGER_MS).unref())
    resume()
  }
  client.on('data', (chunk) => {
    if (isAnswered) return
    if (isAnswering) isLong = false
    isAnswering = false
    const isFirst = chunk.length === FULL && !isLong
    isLong ||= isFirst
    const isBusy = !worker.write(chunk)
    if (isFirst || isBusy) client.pause()
    if (isFirst)
      setTimeout(() => (isAnswering ? setTimeout(resume, CLOSED_WITHIN_MS) : resume()), REFUSED_WITHIN_MS)
    else if (isBusy) worker.once('drain', resume)
  })
  worker.on('data', () => {
    isAnswering = true
  })
  client.on('end', left).on('error', left).on('close', left)
  worker.pipe(client, { end: false })
  worker.on('end', answered).on('error', answered)
}
