type Params = Record<string, unknown>
type Message = {
  id?: number
  method?: string
  params?: Params
  result?: Params
  /** DevTools tells more in an object, BiDi beside a code. */
  error?: { message: string } | string
  message?: string
  sessionId?: string
}

/**
 * A connection to a browser, by the Chrome DevTools Protocol (chromedevtools.github.io/devtools-protocol) or by WebDriver
 * BiDi (w3c.github.io/webdriver-bidi). Both number their calls.
 */
export type Connection = {
  /** @throws Error with what the browser says */
  send: (method: string, params?: Params, sessionId?: string) => Promise<Params>
  on: (method: string, listener: (params: Params, sessionId: string | undefined) => void) => void
}

/** Connects until the browser ends. */
export async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  let sent = 0
  const waiting = new Map<number, PromiseWithResolvers<Params>>()
  const listeners: [string, (params: Params, sessionId: string | undefined) => void][] = []
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    const { id, method, params = {}, result = {}, error, sessionId } = message
    if (id === undefined) {
      for (const [name, listener] of listeners) if (name === method) listener(params, sessionId)
      return
    }
    const answer = waiting.get(id)
    waiting.delete(id)
    if (error) answer?.reject(new Error(typeof error === 'string' ? message.message : error.message))
    else answer?.resolve(result)
  })
  return {
    send(method, params = {}, sessionId) {
      sent += 1
      const answer = Promise.withResolvers<Params>()
      waiting.set(sent, answer)
      socket.send(JSON.stringify({ id: sent, method, params, ...(sessionId && { sessionId }) }))
      return answer.promise
    },
    on: (method, listener) => void listeners.push([method, listener]),
  }
}
