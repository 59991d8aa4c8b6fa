import { runPart } from '../../local/run-part.ts'
import { listen } from '../../shared/listen.ts'
import app from './bare-proxy.ts'

/** The bare proxy on Node, as a process of its own. It sends its parent `{type: 'ready', url}`. */
await runPart('bare proxy', async () => {
  const { HOST_URL = '' } = process.env
  const { url, close } = await listen((request) => app.fetch(request, { HOST_URL }), {
    bind: '127.0.0.1',
    port: 0,
    failed: console.error,
  })
  return { ready: { url }, stop: () => close(0) }
})
