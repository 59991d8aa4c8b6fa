import { fork } from 'node:child_process'
import { once } from 'node:events'
import { EDGE } from './processes.ts'
import type { Fault, SettledMessage, StepMessage } from './steps.ts'

type Message =
  | StepMessage
  | SettledMessage
  | { type: 'ready'; url: string }
  | { type: 'cron'; error?: string }

export type EdgeProcess = Awaited<ReturnType<typeof startEdge>>

/** Starts an edge as a process of its own. */
export async function startEdge(
  variables: Record<string, string>,
  { metricsUrl, skewMs = 0 }: { metricsUrl: string; skewMs?: number },
) {
  const child = fork(EDGE, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
    env: {
      PATH: process.env.PATH,
      EDGE_VARIABLES: JSON.stringify(variables),
      HOST_METRICS_URL: metricsUrl,
      CLOCK_SKEW_MS: String(skewMs),
    },
  })
  const steps: string[] = []
  const settled = new Set<string>()
  const listeners = new Set<(message: Message) => void>()
  child.on('message', (message: Message) => {
    if (message.type === 'step') steps.push(message.name)
    if (message.type === 'settled') settled.add(message.requestId)
    for (const listener of listeners) listener(message)
  })
  const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null)
  const told = <Type extends Message['type']>(type: Type, is = (_: Message) => true) =>
    Promise.race([
      new Promise<Extract<Message, { type: Type }>>((resolve) => {
        const listener = (message: Message) => {
          if (message.type !== type || !is(message)) return
          listeners.delete(listener)
          resolve(message as Extract<Message, { type: Type }>)
        }
        listeners.add(listener)
      }),
      ended.then((signal): never => {
        throw new Error(`the edge ended by ${signal} before it said ${type}`)
      }),
    ])
  const { url } = await told('ready')

  return {
    url,
    /** Names of the steps that it has reached so far. */
    steps,
    /** Ids of requests whose settlement Redis has acknowledged. */
    settled,
    /** Resolves with the signal that ended it. */
    ended,
    arm: (fault: Fault) => void child.send({ type: 'fault', fault }),
    /** Lets that many requests wait for each other at a step. */
    meet: (at: string, count: number) => void child.send({ type: 'together', at, count }),
    /** Resolves when it waits at the step that it was armed with. */
    waiting: () => told('waiting'),
    go: () => void child.send({ type: 'go' }),
    /** Resolves when it next reaches a step. */
    reached: (name: string) => told('step', (message) => message.type === 'step' && message.name === name),
    /** Runs what every minute's scheduled event does, sweep and drain among it. */
    async cron(): Promise<void> {
      const done = told('cron')
      child.send({ type: 'cron' })
      const { error } = await done
      if (error) throw new Error(error)
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
