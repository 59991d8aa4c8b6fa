import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { join, startFront } from '../../../../local/edge/front.ts'

/** What a server does with a connection, and a client's connection to it by the front. */
async function joined(serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const front = await startFront(0, (server.address() as AddressInfo).port)
  const client = connect(Number(new URL(front.url).port), '127.0.0.1')
  client.on('error', () => {})
  onTestFinished(() => {
    client.destroy()
    front.stop()
    server.close()
  })
  return client
}

/** The texts of a connection, one read at a time. */
async function read(socket: Socket): Promise<string> {
  const [bytes] = await once(socket, 'data')
  return String(bytes)
}

it('a client that closes its side is one that left: the connection is reset', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const client = await joined((socket) => {
    socket.resume().on('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    socket.on('end', () => resolve('end'))
  })
  client.write('GET / HTTP/1.1\r\n\r\n')
  client.end()
  expect(await promise).toBe('ECONNRESET')
})

it('a long body that nobody wants is answered, though its connection is reset', async () => {
  let received = 0
  const client = await joined((socket) => {
    socket.once('data', (bytes) => {
      received = bytes.length
      // What has come and is not read makes it a reset.
      socket.pause().end('413', () => socket.destroy())
    })
  })
  let answer = ''
  client.on('data', (bytes) => {
    answer += bytes
  })
  client.write(Buffer.alloc(20_000_000))
  await once(client, 'end')
  expect(answer).toBe('413')
  expect(received).toBeLessThanOrEqual(65_536)
})

it('requests on one connection are all passed on whole, whatever their length', async () => {
  const lengths = [10, 65_536, 65_536, 3_000_000, 10, 65_537]
  let rest = 0
  const client = await joined((socket) => {
    socket.on('data', (bytes) => {
      if (rest === 0) rest = lengths.shift() ?? 0
      rest -= bytes.length
      if (rest === 0) socket.write('200')
    })
  })
  for (const length of [...lengths]) {
    client.write(Buffer.alloc(length))
    expect(await read(client)).toBe('200')
  }
})

it('a client that reads slowly gets the end of its answer, however late', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const got: string[] = []
  let take = () => {}
  const client = socketOf({
    write(chunk, _encoding, taken) {
      // The system takes it when the client has read what came before.
      take = () => {
        got.push(String(chunk))
        taken()
      }
    },
  })
  const worker = socketOf({ write: (_chunk, _encoding, taken) => taken() })
  join(client, worker)
  worker.push('the end')
  worker.push(null)
  await turn()
  vi.advanceTimersByTime(60_000)
  expect({ got, destroyed: client.destroyed }).toEqual({ got: [], destroyed: false })
  take()
  await turn()
  expect({ got, destroyed: client.destroyed }).toEqual({ got: ['the end'], destroyed: false })
  vi.advanceTimersByTime(60_000)
  expect(client.destroyed).toBe(true)
})

/** A connection of which the other side's reading is in our hands. */
const socketOf = (does: ConstructorParameters<typeof Duplex>[0]) => {
  const socket = new Duplex({ read() {}, allowHalfOpen: true, ...does })
  return Object.assign(socket, { resetAndDestroy: () => socket.destroy() as Socket })
}

it('an answer that ends its connection ends it for the client', async () => {
  const client = await joined((socket) => socket.end('200'))
  const answer = read(client)
  await once(client, 'end')
  expect(await answer).toBe('200')
})

it('a server that is gone ends the connection, and what stops leaves none', async () => {
  const front = await startFront(0, 1)
  const client = connect(Number(new URL(front.url).port), '127.0.0.1').resume()
  await once(client, 'end')
  client.destroy()
  front.stop()
  await expect(fetch(front.url)).rejects.toThrow()
})

it('a port that is taken is told', async () => {
  const front = await startFront(0, 1)
  onTestFinished(() => front.stop())
  await expect(startFront(Number(new URL(front.url).port), 1)).rejects.toThrow('EADDRINUSE')
})
