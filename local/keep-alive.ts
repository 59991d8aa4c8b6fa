import type { Stack } from './stack.ts'

type Options = {
  say: (part: string, line: string) => void
  /** Called when stack.json no longer says what runs. */
  changed: (stack: Stack) => Promise<void>
  stopping: () => boolean
}

/** Cloudflare runs the cron of wrangler.toml once a minute; whoever tries it here should not wait that long. */
const CRON_MS = 10_000
/** An edge that dies more often than this in a row is broken, not unlucky. */
const MOST_RESTARTS = 5
/** Lasting this long, in milliseconds, an edge counts as healthy again. */
const HEALTHY_MS = 60_000

/**
 * What a platform does for a deployed edge: runs its cron, and starts another one when it dies. It also wakes the
 * ledger's database, which nothing waits for. The other parts are
 * not restarted: without its Redis the edge refuses (an empty one would forget what was spent), without its host it
 * answers 503, and both say so.
 */
export function keepAlive(stack: Stack, { say, changed, stopping }: Options): void {
  const cron = setInterval(() => {
    // A knock that fails is the edge's to log; the next one comes soon.
    fetch(stack.file.edge.cronUrl, { method: 'POST' }).catch(() => {})
  }, CRON_MS)
  cron.unref()

  for (const name of ['host', 'redis', 'issuer'] as const)
    void stack.parts[name].ended.then(() => {
      if (!stopping())
        say(name, 'ended; the edge goes on and answers 503 where it needs it. Ctrl-C, then npm start.')
    })

  const { postgres } = stack.file
  if (postgres) {
    // Its first request brings the database up, now that nothing else is waited for.
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
