// A process that makes a session of onnxruntime as its maker means it to be, and stays. It shows that a watcher sees
// what the host's own processes must not do.
import { createRequire } from 'node:module'

process.once('disconnect', () => process.exit(0))
const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
// Held, so that it is not collected.
const session = await InferenceSession.create(process.argv[2])
process.send?.(session.inputNames)
