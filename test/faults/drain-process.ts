// The command `twohop drain` as a process, for a test that kills it at each of its steps.
import { run } from '../../cli/run.ts'
import { createSteps, type OrderMessage } from './steps.ts'

const steps = createSteps((message) => void process.send?.(message))
globalThis.fetch = steps.around(globalThis.fetch)
process.on('disconnect', () => process.exit())
// It begins with the word that says where it ends.
process.once('message', async (message: OrderMessage) => {
  steps.take(message)
  const signal = new AbortController().signal
  const code = await run(['drain', '--json'], { out: () => {}, err: () => {}, colour: false, signal })
  process.exit(code)
})
