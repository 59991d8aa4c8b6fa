import {
  type LogitsProcessorList,
  PreTrainedModel,
  type PretrainedConfig,
  Tensor,
} from '@huggingface/transformers'
import { argmax } from '../decoding/sampling/greedy.ts'
import type { LoadedText } from '../device/load.ts'
import { Unsupported } from '../onnx/unsupported.ts'

/** Chooses the next token of one text from its logits, which it may change in place. */
export type ChooseToken = (logits: Float32Array) => number

/** How a model's texts begin, and how their tokens are chosen. */
export type TokenRules = {
  /** The token that the decoder starts with. */
  start: number
  /** For one text of `room` tokens at most; `first` is the token that it has to begin with, where there is one. */
  chooser(room: number, first?: number): ChooseToken
}

/** The methods of a transformers.js model that are called here. Its types hide one, and name no rules of ours. */
type Generating = {
  _prepare_generation_config(own: null, asked: object): GenerationSettings
  _get_logits_processor(settings: GenerationSettings, startTokens: number): LogitsProcessorList
}
type GenerationSettings = {
  decoder_start_token_id: unknown
  bos_token_id: unknown
  guidance_scale: number | null
  max_length: number | null
}

/**
 * The rules of a model's configuration files, as transformers.js' own `generate` reads and follows them: greedily, and
 * beams are not searched for. Its own code is called, so rules that it adds later hold here too.
 * @throws Unsupported where a step takes more than one row's logits
 */
export function tokenRules({ config, defaults }: Pick<LoadedText, 'config' | 'defaults'>): TokenRules {
  // The config is theirs, read by `loadText`; of the model's methods one is hidden by its types.
  const model = new PreTrainedModel(
    config as unknown as PretrainedConfig,
    {},
    {
      generation_config: defaults,
    },
  ) as unknown as Generating
  const settingsFor = (asked: object) =>
    model._prepare_generation_config(null, { num_beams: 1, do_sample: false, ...asked })
  const settings = settingsFor({})
  const start = settings.decoder_start_token_id ?? settings.bos_token_id
  if (typeof start !== 'number') throw new Unsupported('its configuration names no token to start with')
  if ((settings.guidance_scale ?? 1) > 1) throw new Unsupported('its generation config asks for guidance')

  return {
    start,
    chooser(room, first) {
      const own = settingsFor(first === undefined ? {} : { forced_bos_token_id: first })
      own.max_length = 1 + room
      const processors = model._get_logits_processor(own, 1)
      const written = [BigInt(start)]
      return (logits) => {
        if (processors.processors.length > 0)
          processors([written], new Tensor('float32', logits, [1, logits.length]))
        const id = argmax(logits)
        if (id < 0) throw new Error('no token is possible here: every logit is ruled out')
        written.push(BigInt(id))
        return id
      }
    },
  }
}
