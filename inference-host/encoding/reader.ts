import type { PreTrainedTokenizer } from '@huggingface/transformers'
import type { ModelConfig } from '../device/load.ts'
import type { Row, RowOutputs } from './encoder.ts'
import type { Pooling } from './pooling.ts'
import type { Input } from './tokenize.ts'

/** What reading an answer out of an encoder's outputs takes. */
export type EncoderModel = {
  tokenizer: PreTrainedTokenizer
  config: ModelConfig
  pooling: Pooling
  /** The graph's outputs by name, with the length of their rows where that is known. */
  outputs: ReadonlyMap<string, number | undefined>
}

/** A plan for one piece of work: the rows to compute, and how to read its answer. */
export type Reading = {
  inputs: Input[]
  truncate: boolean
  /** Reads one row's outputs at once, so that they need not be kept. */
  take(index: number, row: Row, outputs: RowOutputs): void
  /** When every row was taken: the answer's items as JSON text, one for each text that was asked about. */
  items(): string[]
}

/** A label by its number, named as the hub does where a model gives no name. */
export function labelOf({ config }: Pick<EncoderModel, 'config'>, id: number): string {
  return config.id2label?.[id] ?? `LABEL_${id}`
}
