import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { type HostMediaRequest, windowsOf } from '../../shared/media.ts'
import { TranscriptionRequest } from '../../shared/openai/transcriptions.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { readSound } from '../../shared/sounds/sound.ts'
import { unitsOf } from '../../shared/units.ts'
import { secondsOf } from '../../shared/wav.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { PlanRefused } from '../access/plan-refused.ts'
import type { Work } from './work.ts'

const SPEECH = 'automatic-speech-recognition'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** `POST /v1/audio/transcriptions` -> work. @throws TwohopError as parseAs, entitlement and speechWork do */
export function parseTranscription(input: unknown, entitlement: Entitlement): Work {
  const {
    file,
    model: named,
    language,
    prompt,
    response_format: format,
    ...rest
  } = parseAs(TranscriptionRequest, input)
  const timestamps = format === 'srt' || format === 'vtt' || format === 'verbose_json'
  if (rest.timestamp_granularities && format !== 'verbose_json')
    throw new TwohopError('invalid_request', 'Expected verbose_json with it, found another format.', {
      param: 'timestamp_granularities',
    })
  const model = entitlement.requireModel(named, SPEECH)
  const parameters = {
    format,
    timestamps,
    ...(language !== undefined && { language: language.toLowerCase() }),
    ...(prompt !== undefined && { prompt: prompt.toWellFormed() }),
  }
  const isJson = format === 'json' || format === 'verbose_json'
  return {
    ...speechWork(model, entitlement, { file, field: 'file' }, parameters),
    ...(!isJson && { contentType: TEXT_TYPE }),
  }
}

/**
 * The work of transcribing a recording. How long it is can be read without decoding it, so the most that it can cost is known:
 * the seconds, and the model's longest text for each window that they are heard in.
 * @throws TwohopError unsupported_audio, invalid_request as readSound does; PlanRefused where it is too long for the plan
 */
export function speechWork(
  model: Model,
  { plan }: Entitlement,
  { file, field }: { file: Uint8Array; field: string },
  parameters: HostMediaRequest['parameters'],
): Work {
  const seconds = secondsOf(readSound(file, field))
  const most = plan.limits.audio_seconds_max
  if (seconds > most)
    throw new PlanRefused(
      'invalid_request',
      `Expected at most ${most} s of audio, as the plan ${plan.id} allows, found ${seconds}.`,
      { param: field },
    )
  const outputTokens = windowsOf(seconds) * model.context
  const request: HostMediaRequest = { model: model.id, max_tokens: outputTokens, parameters }
  return {
    task: SPEECH,
    model,
    path: `/v1/tasks/${SPEECH}`,
    request,
    file,
    stream: false,
    includeUsage: false,
    worst: {
      promptTokens: seconds,
      outputTokens,
      units: unitsOf(model.prices, { promptTokens: seconds, outputTokens }),
    },
  }
}
