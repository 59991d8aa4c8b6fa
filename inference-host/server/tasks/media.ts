import type { MediaTask } from '../../../shared/catalog.ts'
import { HostMediaRequest } from '../../../shared/media.ts'
import type { Run } from '../../scheduler/run.ts'
import { Transcript } from '../../work/transcript.ts'
import type { Limits, Work } from '../../work/work.ts'
import { begin, type Host, type HostContext, readFramed } from '../call.ts'
import { wholeText } from '../generation.ts'
import { outputOf } from '../output.ts'
import { answerOf } from '../report.ts'
import { transcriptAnswer } from './transcript.ts'

/** A task of a file: what it computes, and its answer as text: JSON, unless another form was asked for. */
type MediaRoute = {
  work(request: HostMediaRequest, file: Uint8Array, limits: Limits): Work
  answer(run: Run, request: HostMediaRequest): Promise<string>
}

const ROUTES: Record<MediaTask, MediaRoute> = {
  'automatic-speech-recognition': {
    work: ({ parameters: { language, prompt, timestamps = false } }, file, limits) => ({
      kind: 'transcribe',
      file,
      language,
      prompt,
      timestamps,
      limits,
    }),
    async answer(run, { parameters: { format = 'json' } }) {
      const [json = ''] = (await outputOf(run, 'items')).json
      return transcriptAnswer(Transcript.parse(JSON.parse(json)), format)
    },
  },
  'image-classification': {
    work: ({ parameters: { top_k: topK, function_to_apply: activation } }, file, limits) => ({
      kind: 'classify_image',
      file,
      topK,
      activation,
      limits,
    }),
    answer: async (run) => (await outputOf(run, 'items')).json.join(),
  },
  'image-to-text': {
    work: (_request, file, limits) => ({ kind: 'caption', file, limits }),
    answer: async (run) => JSON.stringify({ generated_text: (await wholeText(run)).text.trim() }),
  },
}

/** `POST /v1/tasks/:task` for the tasks whose input is a file. */
export async function mediaTask(context: HostContext, host: Host, task: MediaTask): Promise<Response> {
  const route = ROUTES[task]
  const { request, file } = await readFramed(context, HostMediaRequest, host)
  const admitted = begin(context, host, {
    task,
    model: request.model,
    maxTokens: request.max_tokens,
    work: (limits) => route.work(request, file, limits),
  })
  return answerOf(admitted, () => route.answer(admitted.run, request))
}
