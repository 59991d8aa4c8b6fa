import type { Inspector } from './gateways.ts'

/** A function, and the CPU time that it took itself: without what it called. */
export type SelfTime = { name: string; micros: number }

/** The parts of a CPU profile (Chrome DevTools protocol, `Profiler.Profile`) that are read. Times are microseconds. */
export type CpuProfile = {
  nodes: readonly { id: number; callFrame: { functionName: string; lineNumber: number } }[]
  samples: readonly number[]
  timeDeltas: readonly number[]
}

/** Time in which nothing ran. */
const IDLE = '(idle)'

/** The functions of a profile by their own time, the longest first. Those of the platform have no line. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, lineNumber } }) => [
      id,
      lineNumber < 0 ? functionName : `${functionName || 'anonymous'}:${lineNumber + 1}`,
    ]),
  )
  const times = new Map<string, number>()
  for (const [i, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)'
    if (name !== IDLE) times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0))
  }
  return [...times].map(([name, micros]) => ({ name, micros })).sort((a, b) => b.micros - a.micros)
}

/** Microseconds from one sample to the next. */
const INTERVAL = 200

/**
 * Profiles what an inspector of workerd or Node shows, while `load` runs.
 * @throws Error where the inspector has no such service, or answers with an error
 */
export async function profiled({ port, service }: Inspector, load: () => Promise<void>): Promise<CpuProfile> {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    id: string
    webSocketDebuggerUrl: string
  }[]
  const found = list.find(({ id }) => service === undefined || id === service)
  if (!found) throw new Error(`the inspector knows no service ${service ?? 'at all'}`)
  const socket = new WebSocket(found.webSocketDebuggerUrl)
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onerror = () => reject(new Error('the inspector is not reachable'))
  })
  const waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>()
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(String(data))
    waiting.get(answer.id)?.(answer)
  }
  let last = 0
  async function ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++last
    const { promise, resolve } = Promise.withResolvers<{ result?: unknown; error?: { message: string } }>()
    waiting.set(id, resolve)
    socket.send(JSON.stringify({ id, method, params }))
    const { result, error } = await promise
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  try {
    await ask('Profiler.enable')
    await ask('Profiler.setSamplingInterval', { interval: INTERVAL })
    await ask('Profiler.start')
    await load()
    return ((await ask('Profiler.stop')) as { profile: CpuProfile }).profile
  } finally {
    socket.close()
  }
}
