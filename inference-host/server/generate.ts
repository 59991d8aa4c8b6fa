import type { Asked } from '../admission/admit.ts'
import { hasText, type structureOf } from '../decoding/structure/structure.ts'
import type { Work } from '../work/work.ts'
import { begin, type Host, type HostContext } from './call.ts'
import { generationAnswer, type Shape } from './generation.ts'
import { samplingOf } from './sampling.ts'

type Request = Parameters<typeof samplingOf>[0] &
  Parameters<typeof generationAnswer>[0]['request'] & { max_tokens: number }

/** What differs between the routes that generate. */
type Route = {
  task: Asked['task']
  /** How the answer is written. */
  shape: Shape
  /** What each answer has to be, by the request. */
  structure: ReturnType<typeof structureOf>
  /** What is to be gone on with. */
  prompt: Prompt<Work>
}
type Prompt<Any> = Any extends { kind: 'chat' | 'complete' }
  ? Omit<Any, 'sampling' | 'answers' | 'structure' | 'limits'>
  : never

/**
 * Admits the work and answers with what is generated. A structure that is not remembered is compiled once the work is
 * admitted, as a part of it.
 */
export async function generate(
  context: HostContext,
  host: Host,
  request: Request,
  { task, shape, structure: asked, prompt }: Route,
): Promise<Response> {
  const { model, n: answers = 1 } = request
  const structure = asked && host.structures.recall(asked)
  const stop = hasText(asked) ? request.stop : []
  const admitted = begin(context, host, {
    task,
    model,
    maxTokens: answers * request.max_tokens,
    work: (limits) => ({ ...prompt, sampling: samplingOf({ ...request, stop }), answers, structure, limits }),
    prepare: asked && !structure ? (asker) => host.structures.compile(asked, asker) : undefined,
  })
  const reading = { calls: asked?.kind === 'tools', logprobs: request.logprobs !== undefined }
  return generationAnswer({ ...admitted, shape, request, reading })
}
