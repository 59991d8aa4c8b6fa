import type { MediaTask, Model } from '../../shared/catalog.ts'
import { readImageSize } from '../../shared/image-size.ts'
import { type HostMediaRequest, MEDIA_REQUESTS } from '../../shared/media.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { unitsOf } from '../../shared/units.ts'
import type { Entitlement } from '../access/entitlement.ts'
import type { MediaBody } from './media-body.ts'
import { speechWork } from './transcriptions.ts'
import { outputTokens, type Work } from './work.ts'

/** `POST /v1/tasks/:task` with a file -> work. @throws TwohopError as parseAs, entitlement, outputTokens and speechWork do */
export function parseMediaTask(task: MediaTask, { file, rest }: MediaBody, entitlement: Entitlement): Work {
  if (task === 'automatic-speech-recognition') {
    const { model, parameters } = parseAs(MEDIA_REQUESTS[task], rest)
    const timestamps = parameters?.return_timestamps ?? false
    return speechWork(
      entitlement.requireModel(model, task),
      entitlement,
      { file, field: 'inputs' },
      { format: 'hub', timestamps },
    )
  }
  readImageSize(file, 'inputs')
  if (task === 'image-classification') {
    const { model, parameters } = parseAs(MEDIA_REQUESTS[task], rest)
    const { top_k, function_to_apply } = parameters ?? {}
    const asked = {
      ...(top_k !== undefined && { top_k }),
      ...(function_to_apply !== undefined && { function_to_apply }),
    }
    return imageWork(task, entitlement.requireModel(model, task), file, 0, asked)
  }
  const { model: named, parameters } = parseAs(MEDIA_REQUESTS[task], rest)
  const model = entitlement.requireModel(named, task)
  const tokens = outputTokens(entitlement.plan, model, {
    field: 'parameters.max_new_tokens',
    tokens: parameters?.generation_parameters?.max_new_tokens ?? parameters?.max_new_tokens,
  })
  return imageWork(task, model, file, tokens, {})
}

function imageWork(
  task: MediaTask,
  model: Model,
  file: Uint8Array,
  tokens: number,
  parameters: HostMediaRequest['parameters'],
): Work {
  const request: HostMediaRequest = { model: model.id, max_tokens: tokens, parameters }
  const most = { promptTokens: model.image_tokens ?? 0, outputTokens: tokens }
  return {
    task,
    model,
    path: `/v1/tasks/${task}`,
    request,
    file,
    stream: false,
    includeUsage: false,
    worst: { ...most, units: unitsOf(model.prices, most) },
  }
}
