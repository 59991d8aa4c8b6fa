import {
  BaseStreamer,
  LogitsProcessor,
  LogitsProcessorList,
  StoppingCriteria,
  type Tensor,
} from '@huggingface/transformers'
import type { FinishReason } from '../../../shared/openai/chat.ts'
import { type Generating, inputsOf, type Loaded } from '../../device/load.ts'
import type { ChosenToken, TokenSampler } from '../sampling/sampler.ts'
import type { AnswerText } from './answer-text.ts'
import type { Write } from './write-on.ts'

type Options = {
  /** The model's inputs, `input_ids` among them, and what else its `generate` is to know. */
  inputs: Record<string, unknown>
  /** The most tokens to generate, at least 1. */
  room: number
  /** Undefined leaves the choice to transformers.js, greedily. */
  sampler: TokenSampler | undefined
  answer: AnswerText
  /** Asked after each token; true ends the generation there. */
  stopped: () => boolean
  /**
   * Called with each token, the text that it completes (may be empty), the count so far, and how many tokens have their
   * text passed on with it.
   */
  onToken: (text: string, outputTokens: number, token: ChosenToken, passed: number) => void
}

/**
 * Generates tokens after a prompt, one at a time. The count holds every computed token, also the stop token and those
 * of a stop string. Returns undefined when `stopped` ended it.
 */
export async function generate(
  loaded: Pick<Loaded, 'model'>,
  options: Options,
): Promise<FinishReason | undefined> {
  const { inputs, room, sampler, answer, stopped, onToken } = options
  let outputTokens = 0
  let chosen: ChosenToken | undefined
  let finish: FinishReason | undefined
  let interrupted = false

  const ended = () => interrupted || finish !== undefined

  function take(id: number): void {
    if (ended()) {
      if (last === undefined) throw new Ended()
      return
    }
    outputTokens++
    const taken = answer.take(id, outputTokens >= room)
    finish = taken.finish
    onToken(taken.text, outputTokens, chosen ?? { id, logprobs: undefined }, taken.passed)
    interrupted = finish === undefined && stopped()
  }

  const processors = new LogitsProcessorList()
  if (sampler)
    processors.push(
      new Only((logits) => {
        chosen = sampler(logits)
        return chosen.id
      }),
    )
  const last = [loaded.model.generation_config?.eos_token_id].flat()[0] ?? undefined
  if (last !== undefined) processors.push(new LastOnce(ended, last))
  const generating: Generating = loaded.model
  const generated = generating.generate({
    ...inputs,
    max_new_tokens: room,
    num_beams: 1,
    // The processor below does the sampling, and leaves the greedy search one token to take.
    do_sample: false,
    // The sampler has applied the model's own penalty already.
    ...(sampler && { repetition_penalty: 1 }),
    // Their types ask for a TextStreamer; `generate` calls no more than a BaseStreamer has.
    streamer: new TokenStream(take),
    stopping_criteria: [new Until(ended)],
    logits_processor: processors,
  })
  await generated.catch((cause) => {
    if (!(cause instanceof Ended)) throw cause
  })
  return finish
}

/**
 * Generates texts on the model alone, one at a time.
 * @param beside makes the model's inputs beside the prompt, once that is known to fit; undefined where it was stopped
 */
export function aloneWrite(
  loaded: Pick<Loaded, 'model'>,
  beside: (stopped: () => boolean) => Promise<Record<string, Tensor> | undefined> = async () => ({}),
): Write {
  return async function write({ prompt, onStart, ...writing }) {
    const more = await beside(writing.stopped)
    if (more === undefined) return {}
    onStart(undefined)
    const finishReason = await generate(loaded, { ...writing, inputs: { ...inputsOf(prompt), ...more } })
    return finishReason === undefined ? {} : { finishReason }
  }
}

/** Hands on each generated id. The prompt, which `generate` puts first, is left out. */
class TokenStream extends BaseStreamer {
  readonly #take: (id: number) => void
  #prompt = true

  constructor(take: (id: number) => void) {
    super()
    this.#take = take
  }

  override put(value: bigint[][]): void {
    if (!this.#prompt) this.#take(Number(value[0]?.[0]))
    this.#prompt = false
  }

  override end(): void {}
}

/** Ends a `generate` that goes on after its end, of a model that has no token for that. */
class Ended extends Error {}

/**
 * Leaves nothing but the last token of all once the end is there, for a `generate` that goes on: Whisper's drops the criteria
 * (transformers.js 4.3, modeling_whisper.js). It ends by itself then, and so gives its keys and values back, which on
 * WebGPU are buffers of the device. An error thrown into it would leave them there.
 */
class LastOnce extends LogitsProcessor {
  readonly #done: () => boolean
  readonly #last: number

  constructor(done: () => boolean, last: number) {
    super()
    this.#done = done
    this.#last = last
  }

  override _call(_sequences: bigint[][], logits: Tensor): Tensor {
    return this.#done() ? only(logits, this.#last) : logits
  }
}

class Until extends StoppingCriteria {
  readonly #done: () => boolean

  constructor(done: () => boolean) {
    super()
    this.#done = done
  }

  override _call(sequences: number[][]): boolean[] {
    return sequences.map(() => this.#done())
  }
}

/** Rules out every token but the one that `pick` names. */
class Only extends LogitsProcessor {
  readonly #pick: (logits: Float32Array) => number

  constructor(pick: (logits: Float32Array) => number) {
    super()
    this.#pick = pick
  }

  override _call(_sequences: bigint[][], logits: Tensor): Tensor {
    return only(logits, this.#pick(scoresOf(logits)))
  }
}

/** The logits with every token ruled out but one. */
function only(logits: Tensor, id: number): Tensor {
  const scores = scoresOf(logits)
  scores.fill(Number.NEGATIVE_INFINITY)
  scores[id] = 0
  return logits
}

function scoresOf(logits: Tensor): Float32Array {
  if (logits.data instanceof Float32Array) return logits.data
  throw new TypeError(`the model gives ${logits.type}, not float32`)
}
