import { describe, expect, it } from 'vitest'
import { parseMediaTask } from '../../../../edge/parse/media-tasks.ts'
import type { MediaTask } from '../../../../shared/catalog.ts'
import { HostMediaRequest } from '../../../../shared/media.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'
import { IMAGE_TOKENS } from '../../../fixtures/graphs/tiny-media.ts'
import { pngOf } from '../../../fixtures/images.ts'
import { mediaCatalog } from '../../../fixtures/media-catalog.ts'
import { wavOf } from '../../../fixtures/recordings.ts'

const plan = entitledTo('media', mediaCatalog)
const picture = pngOf(10, 10)
const sound = wavOf({ samples: [0, 0] })
const parse = (task: MediaTask, file: Uint8Array, rest = {}) => parseMediaTask(task, { file, rest }, plan)
const SPEECH = 'automatic-speech-recognition'

describe('a task of a file', () => {
  it.each<[MediaTask, Uint8Array, object, object, object]>([
    [SPEECH, sound, {}, { format: 'hub', timestamps: false }, { promptTokens: 1 }],
    [
      SPEECH,
      sound,
      { parameters: { return_timestamps: true, generation_parameters: { do_sample: false, num_beams: 1 } } },
      { format: 'hub', timestamps: true },
      { promptTokens: 1 },
    ],
    ['image-classification', picture, {}, {}, { promptTokens: IMAGE_TOKENS, outputTokens: 0, units: 20 }],
    [
      'image-classification',
      picture,
      { parameters: { top_k: 3, function_to_apply: 'sigmoid' } },
      { top_k: 3, function_to_apply: 'sigmoid' },
      {},
    ],
    ['image-to-text', picture, {}, {}, { promptTokens: IMAGE_TOKENS, outputTokens: 8, units: 20 + 8 * 7 }],
    ['image-to-text', picture, { parameters: { max_new_tokens: 5 } }, {}, { outputTokens: 5 }],
    [
      'image-to-text',
      picture,
      { parameters: { max_new_tokens: 5, generation_parameters: { max_new_tokens: 6 } } },
      {},
      { outputTokens: 6 },
    ],
  ])('%s %#: what the host is told, and the most that it costs', (task, file, rest, parameters, worst) => {
    const work = parse(task, file, rest)
    const request = HostMediaRequest.parse(JSON.parse(JSON.stringify(work.request)))
    expect(request.parameters).toEqual(parameters)
    expect(request.max_tokens).toBe(work.worst.outputTokens)
    expect(work.worst).toMatchObject(worst)
    expect([work.file, work.path, work.task]).toEqual([file, `/v1/tasks/${task}`, task])
  })

  it('a file that is no recording is refused by its field', () => {
    expect(refusal(() => parse(SPEECH, picture, {}))).toEqual(['unsupported_audio', 'inputs'])
  })

  it.each<[MediaTask, Uint8Array, object, string]>([
    [
      SPEECH,
      sound,
      { parameters: { generation_parameters: { num_beams: 4 } } },
      'parameters.generation_parameters.num_beams',
    ],
    ['image-classification', sound, {}, 'inputs'],
    ['image-classification', pngOf(65_535, 65_535), {}, 'inputs'],
    ['image-classification', picture, { parameters: { top_k: 0 } }, 'parameters.top_k'],
    ['image-to-text', picture.subarray(0, 20), {}, 'inputs'],
    ['image-to-text', picture, { parameters: { max_new_tokens: 17 } }, 'parameters.max_new_tokens'],
    ['image-to-text', picture, { stream: true }, 'stream'],
  ])('%s %#: is refused by its field', (task, file, rest, param) => {
    expect(refusal(() => parse(task, file, rest))).toEqual(['invalid_request', param])
  })
})
