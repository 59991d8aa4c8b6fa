import { isMediaTask } from '../../shared/catalog.ts'
import { imagePart } from '../../shared/openai/content.ts'
import type { HostMessage } from '../../shared/openai/messages.ts'
import { encodes, type ModelTask, SEEING } from '../device/port.ts'
import { smallEncodeWork } from '../work/encode.ts'
import type { Engine } from '../work/engine.ts'
import { SMALL_IMAGE, smallMediaWork } from '../work/media.ts'
import type { Sampling, Work } from '../work/work.ts'

/** Whatever a second of silence or an image of one pixel counts as. */
const MOST = Number.MAX_SAFE_INTEGER
const GREEDY: Sampling = { temperature: 0, topP: undefined, seed: undefined, stop: [] }

const SHOWN: HostMessage[] = [
  {
    role: 'user',
    content: [imagePart(SMALL_IMAGE), { type: 'text', text: 'Hello' }],
  },
]

/**
 * Runs one small request through an engine, all the way, so that the first real one finds everything in place.
 * @throws Error where it does not finish.
 */
export async function warmUp(engine: Engine): Promise<void> {
  const how = await new Promise<string>((resolve) => {
    engine.run(smallWork(engine.info.task, engine.info.context), (event) => {
      if (event.type === 'ended') resolve(event.end.how)
    })
  })
  if (how !== 'finished') throw new Error(`${engine.info.id}: the warm-up request was ${how}`)
}

function smallWork(task: ModelTask, context: number): Work {
  const limits = { promptTokens: context, outputTokens: 2 }
  if (task === 'text-generation') return { kind: 'complete', prompt: 'Hello', sampling: GREEDY, limits }
  if (task === SEEING) return { kind: 'chat', messages: SHOWN, sampling: GREEDY, limits }
  if (isMediaTask(task)) return { ...smallMediaWork(task), limits: { ...limits, promptTokens: MOST } }
  if (encodes(task)) return { ...smallEncodeWork(task), limits }
  return { kind: 'seq2seq', text: 'Hello', from: undefined, to: undefined, limits }
}
