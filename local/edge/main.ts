// The edge as a part of the local stack: workerd with the built worker, ended together with its parent.
import { startWorkerd } from './workerd.ts'

const { EDGE_BUNDLE: bundle = '', EDGE_PORT: port = '0', EDGE_VARIABLES: variables = '{}' } = process.env

try {
  const workerd = await startWorkerd({
    bundle: JSON.parse(bundle),
    port: Number(port),
    variables: JSON.parse(variables),
  })
  const stop = () => void workerd.stop().then(() => process.exit(0))
  process.on('disconnect', stop)
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  void workerd.ended.then(() => process.exit(1))
  process.send?.({ type: 'ready', url: workerd.url, cronUrl: workerd.cronUrl, pid: workerd.pid })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
