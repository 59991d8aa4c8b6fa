import { get, type ServerResponse } from 'node:http'
import { serveOnLoopback } from './fixtures/loopback-server.ts'

/** Gives a turn back. What is not given back ends with the process that has it. */
export type GiveBack = () => void

/**
 * Turns, each a name that one process has at a time: whoever asks for it is answered when those who asked before have given it
 * back, or have died.
 */
export async function startTurns(): Promise<{ url: string; stop(): Promise<void> }> {
  const lines = new Map<string, ServerResponse[]>()
  return serveOnLoopback(({ url: name = '' }, response) => {
    const line = lines.get(name) ?? []
    lines.set(name, line)
    line.push(response)
    const call = () => line[0]?.flushHeaders()
    response.once('close', () => {
      line.splice(line.indexOf(response), 1)
      call()
    })
    call()
  })
}

/**
 * Waits for the turn, however long that takes.
 * @param turns where they are given
 * @throws Error where they end meanwhile
 */
export async function takeTurn(turns: string, name: string): Promise<GiveBack> {
  const { promise, resolve, reject } = Promise.withResolvers<GiveBack>()
  // A connection of its own, which lives as long as the process that it is of.
  const request = get(`${turns}/${encodeURIComponent(name)}`, { agent: false }, (response) => {
    // It ends when the turn is given back, or when those who give it end.
    response.on('error', () => {}).resume()
    request.socket?.unref()
    resolve(() => void request.destroy())
  })
  request.on('error', reject)
  return promise
}
