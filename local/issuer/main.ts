import { parseArgs } from 'node:util'
import { createIssuer } from './issuer.ts'

/**
 * The local issuer as a process of its own: `node local/issuer/main.ts [--port N] [--dir FOLDER] [--ttl SECONDS]`.
 * When it listens, it prints one line of JSON with its addresses; a parent with an IPC channel gets the same and
 * the demo users' tokens as `{type: 'ready', ...}`. It ends on SIGTERM, SIGINT, or with its parent.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    dir: { type: 'string' },
    ttl: { type: 'string', default: '3600' },
  },
})

try {
  const issuer = await createIssuer({
    port: Number(values.port),
    ttlSeconds: Number(values.ttl),
    ...(values.dir !== undefined && { dir: values.dir }),
  })
  const { firebase, supabase, environment } = issuer
  const ready = { type: 'ready', url: supabase.url, firebase, supabase, environment }
  process.send?.({ ...ready, tokens: await issuer.mintDemoTokens() })
  console.log(JSON.stringify(ready))

  const stop = () => void issuer.close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.once('disconnect', stop)
} catch (error) {
  console.error(`local issuer: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
