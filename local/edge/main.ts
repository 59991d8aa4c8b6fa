// The edge as a part of the local stack: workerd with the built worker, and what clients reach it by. It ends with its parent.
import { runPart } from '../run-part.ts'
import { startFront } from './front.ts'
import { startWorkerd } from './workerd.ts'

const { EDGE_BUNDLE: bundle = '', EDGE_PORT: port = '0', EDGE_VARIABLES: variables = '{}' } = process.env

await runPart('edge', async () => {
  const workerd = await startWorkerd({
    bundle: JSON.parse(bundle),
    port: 0,
    variables: JSON.parse(variables),
  })
  const { cronUrl, pid, ended } = workerd
  const front = await startFront(Number(port), Number(new URL(workerd.url).port))
  return {
    ready: { url: front.url, cronUrl, pid },
    failed: ended.then(() => new Error('workerd ended')),
    async stop() {
      front.stop()
      await workerd.stop()
    },
  }
})
