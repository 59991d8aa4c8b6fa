// The edge as a part of the local stack: workerd with the built worker. It ends with its parent.
import { runPart } from '../run-part.ts'
import { startWorkerd } from './workerd.ts'

const { EDGE_BUNDLE: bundle = '', EDGE_PORT: port = '0', EDGE_VARIABLES: variables = '{}' } = process.env

await runPart('edge', async () => {
  const workerd = await startWorkerd({
    bundle: JSON.parse(bundle),
    port: Number(port),
    variables: JSON.parse(variables),
  })
  const { url, cronUrl, pid, ended } = workerd
  return {
    ready: { url, cronUrl, pid },
    failed: ended.then(() => new Error('workerd ended')),
    stop: () => workerd.stop(),
  }
})
