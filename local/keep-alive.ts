import type { Stack } from './stack.ts'

type Options = {
  say: (part: string, line: string) => void
  /** Called when stack.json no longer matches the running parts. */
  changed: (stack: Stack) => Promise<void>
  stopping: () => boolean
}

/** Milliseconds between runs of the cron, and so from a request to its row in the ledger. Cloudflare's, once a minute, is too long here. */
export const CRON_MS = 10_000
/** The most restarts of an edge in a row. One that dies more often is broken. */
const MOST_RESTARTS = 5
/** An edge that ran this long, in milliseconds, counts as healthy again. */
const HEALTHY_MS = 60_000

/**
 * Does what a platform does for a deployed edge: runs its cron, and starts another one when it dies. It also wakes the
 * ledger's database, which nothing waits for.
 *
 * The other parts are not restarted. Without its Redis the edge refuses (an empty one would have forgotten what was
 * spent). Without its host it answers 503. Both are reported.
 */
export function keepAlive(stack: Stack, { say, changed, stopping }: Options): void {
  const cron = setInterval(() => {
    // The edge logs a run that fails; the next one comes soon.
    if (stack.file.edge.cronUrl !== '') fetch(stack.file.edge.cronUrl, { method: 'POST' }).catch(() => {})
  }, CRON_MS)
  cron.unref()

  for (const name of ['host', 'redis', 'issuer'] as const)
    void stack.parts[name].ended.then(() => {
      if (!stopping())
        say(name, 'ended; the edge goes on and answers 503 where it needs it. Ctrl-C, then npm start.')
    })

  const { postgres } = stack.file
  if (postgres) {
    // The first request starts the database, now that nothing else is waited for.
    const headers = { apikey: postgres.secretKey }
    fetch(`${postgres.url}/rest/v1/accounts?limit=0`, { headers }).catch(() => {})
  }
  void stack.parts.postgres?.ended.then(() => {
    if (!stopping()) say('postgres', 'ended; usage events wait in Redis. Ctrl-C, then npm start.')
  })

  let restarts = 0
  async function watchEdge(): Promise<void> {
    const since = Date.now()
    await stack.parts.edge.ended
    if (stopping()) return
    restarts = Date.now() - since > HEALTHY_MS ? 1 : restarts + 1
    if (restarts > MOST_RESTARTS)
      return say('edge', 'ended too often; not started again. Ctrl-C, then npm start.')
    const edge = await stack.startEdge(Number(new URL(stack.file.edge.url).port))
    stack.parts.edge = edge
    stack.file.edge = edge.ready
    await changed(stack)
    say('edge', `ended and was started again as process ${edge.ready.pid}`)
    return watchEdge()
  }
  watchEdge().catch((error: unknown) => say('edge', `ended and could not be started again: ${error}`))
}
