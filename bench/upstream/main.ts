import { runPart } from '../../local/run-part.ts'
import { startStub } from './stub.ts'

/** The stub of a model's server, as a process of its own. It sends its parent `{type: 'ready', url}`. */
await runPart('stub', async () => {
  const { url, stop } = await startStub()
  return { ready: { url }, stop }
})
