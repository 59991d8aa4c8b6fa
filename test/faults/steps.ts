import { RESERVE } from '../../edge/budget/reserve.lua.ts'
import { SETTLE } from '../../edge/budget/settle.lua.ts'
import { SWEEP } from '../../edge/budget/sweep.lua.ts'
import { FINISH_EVENTS } from '../../edge/ledger/finish.lua.ts'

/** What a process does at one of its steps: it ends on the spot, or waits until it is told to go on. */
export type Fault = { at: string; nth: number; act: 'kill' | 'wait' }

/** What a process tells the test: a step that it has reached, and where it waits for the word to go on. */
export type StepMessage = { type: 'step'; name: string } | { type: 'waiting'; name: string }
export type OrderMessage =
  | { type: 'fault'; fault: Fault }
  | { type: 'go' }
  /** So many requests wait for each other at a step, and go on in one turn. */
  | { type: 'together'; at: string; count: number }

/** An answer to the settlement of a request, as the process saw it. */
export type SettledMessage = { type: 'settled'; requestId: string }

/** Scripts that have a name here; any other shows as `evalsha`. */
const SCRIPTS = [RESERVE, SETTLE, SWEEP, FINISH_EVENTS]

/**
 * The steps of a process, and the fault at one of them. All that an edge or a drain does to the world is a request over
 * the network, and between two of them nothing outside changes; so its steps are the moments before each request is
 * sent, and after it was answered but before anything is made of the answer. A new request is a new step by itself.
 */
export function createSteps(say: (message: StepMessage | SettledMessage) => void) {
  let fault: Fault | undefined
  let seen = 0
  let go: (() => void) | undefined
  let meeting: { at: string; missing: number; all: PromiseWithResolvers<void> } | undefined

  async function reach(name: string): Promise<void> {
    say({ type: 'step', name })
    if (meeting?.at === name && meeting.missing > 0) {
      meeting.missing--
      if (meeting.missing === 0) meeting.all.resolve()
      await meeting.all.promise
    }
    if (fault?.at !== name || ++seen !== fault.nth) return
    if (fault.act === 'kill') process.kill(process.pid, 'SIGKILL')
    const told = new Promise<void>((resolve) => {
      go = resolve
    })
    say({ type: 'waiting', name })
    await told
  }

  return {
    reach,
    take(message: OrderMessage) {
      if (message.type === 'go') go?.()
      else if (message.type === 'together')
        meeting = { at: message.at, missing: message.count, all: Promise.withResolvers() }
      else {
        fault = message.fault
        seen = 0
      }
    },
    /**
     * `fetch` with a step before and after each request. Events of a stream and the end of an answer are steps too.
     * @param hostUrl requests there are the host's
     * @param hostIsBusy resolves when the host computes; a step of its own, since an answer that is not streamed gives
     * no sign in between
     */
    around(fetch: typeof globalThis.fetch, hostUrl = '', hostIsBusy?: () => Promise<void>): typeof fetch {
      return async (input, init) => {
        const request = { url: String(input), method: init?.method ?? 'GET', body: textOf(init?.body) }
        const isHost = hostUrl !== '' && request.url.startsWith(hostUrl)
        const name = isHost ? hostName(request) : nameOf(request)
        await reach(`before ${name}`)
        const answering = fetch(input, init)
        if (isHost && hostIsBusy && request.body.includes('"stream":false')) {
          await Promise.race([hostIsBusy(), answering])
          await reach('host at work')
        }
        const answer = await answering
        await reach(`after ${name}`)
        if (name === 'settle' && answer.ok)
          for (const [, requestId = ''] of request.body.matchAll(/twohop:reservation:([\w-]{36})/g))
            say({ type: 'settled', requestId })
        if (!isHost || !answer.ok || !answer.body) return answer
        const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream')
        return new Response(answer.body.pipeThrough(isStream ? events(reach) : whole(reach)), answer)
      }
    },
  }
}

function hostName({ method, url }: { method: string; url: string }): string {
  if (method === 'DELETE') return 'cancel'
  return url.endsWith('/v1/requests/usage') ? 'ask' : 'host'
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : ''
}

/** What a request is for: a script's name, a command of Redis's, the ledger's function, or the path. */
function nameOf({ url, body }: { url: string; body: string }): string {
  const script = SCRIPTS.find(
    ({ sha, lua }) => body.includes(`"${sha}"`) || body.includes(JSON.stringify(lua)),
  )
  if (script) return script.name
  const { pathname } = new URL(url)
  if (pathname.includes('jwks')) return 'keys'
  const command = /^\[+"(\w+)"/.exec(body)?.[1]
  if (!pathname.includes('/rpc/') && command) {
    if (command === 'XAUTOCLAIM') return 'read unfinished'
    if (command === 'XREADGROUP') return 'read'
    return command.toLowerCase()
  }
  return pathname.split('/').at(-1) ?? pathname
}

/** Hands on a stream of server-sent events one whole event at a time, however they came. */
function events(reach: (name: string) => Promise<void>) {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  return new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        await reach(eventName(part))
        controller.enqueue(encoder.encode(`${part}\n\n`))
      }
    },
  })
}

function eventName(event: string): string {
  if (event.endsWith('[DONE]')) return 'done'
  if (event.includes('"choices":[]')) return 'usage'
  if (event.includes('"role"')) return 'opening'
  return event.includes('"finish_reason":null') ? 'token' : 'finish'
}

function whole(reach: (name: string) => Promise<void>) {
  return new TransformStream<Uint8Array, Uint8Array>({ flush: () => reach('body') })
}
