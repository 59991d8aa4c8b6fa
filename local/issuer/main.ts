import { parseArgs } from 'node:util'
import { runPart } from '../run-part.ts'
import { createIssuer } from './issuer.ts'
import type { ProjectParts } from './project.ts'

/**
 * The local issuer as a process of its own: `node local/issuer/main.ts [--port N] [--dir FOLDER] [--ttl SECONDS]
 * [--origins LIST] [--users FILE]`. When it listens, it prints one line of JSON with its addresses. A parent with an IPC channel gets them as
 * `{type: 'ready', ...}` instead, with the demo users' tokens, and may send `{type: 'project', ...}` once the other parts are up.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    dir: { type: 'string' },
    ttl: { type: 'string', default: '3600' },
    origins: { type: 'string', default: '' },
    users: { type: 'string' },
  },
})

await runPart('issuer', async () => {
  const issuer = await createIssuer({
    port: Number(values.port),
    ttlSeconds: Number(values.ttl),
    origins: values.origins,
    ...(values.dir !== undefined && { dir: values.dir }),
    ...(values.users !== undefined && { usersFile: values.users }),
  })
  process.on('message', ({ type, ...parts }: ProjectParts & { type: string }) => {
    if (type === 'project') issuer.serveProject(parts)
  })
  const { firebase, supabase, environment } = issuer
  const addresses = { url: supabase.url, firebase, supabase, environment }
  if (!process.send) console.log(JSON.stringify(addresses))
  return { ready: { ...addresses, tokens: await issuer.mintDemoTokens() }, stop: () => issuer.close() }
})
