import type { ModelTask } from '../device/port.ts'

/** How the labels of a text's tokens are joined to entities, by the names of transformers. */
export type Aggregation = 'none' | 'simple' | 'first' | 'average' | 'max'

/**
 * What can be asked of an encoder. With `truncate`, a text beyond the model's context is cut to it. Without, it is
 * refused, and the refusal names its place. The refusal is of all the work, or with `apart` of the text's item alone as
 * long as there are others.
 */
export type EncodeWork = { apart?: boolean | undefined } & (
  | {
      kind: 'embed'
      texts: readonly string[]
      /** What the request calls them, for refusals; `input` by default. */
      field?: string | undefined
      normalize: boolean
      encoding: 'float' | 'base64'
      /** Numbers of each vector that are kept, from its beginning (Matryoshka); all without it. */
      dimensions?: number | undefined
      /** Whether `dimensions` have to be all. */
      whole?: boolean | undefined
      truncate?: boolean | undefined
    }
  | {
      kind: 'classify'
      texts: readonly string[]
      topK: number | undefined
      /** What makes scores of logits; by default what the model was trained with. */
      activation?: 'softmax' | 'sigmoid' | 'none' | undefined
      truncate?: boolean | undefined
    }
  | {
      kind: 'zero_shot'
      texts: readonly string[]
      labels: readonly string[]
      /** The hypothesis, with `{}` where the label goes. */
      template: string
      multiLabel: boolean
    }
  | {
      kind: 'rank'
      query: string
      documents: readonly string[]
      topN: number | undefined
      truncate: boolean
    }
  | {
      kind: 'label_tokens'
      texts: readonly string[]
      aggregation: Aggregation
      ignore: readonly string[]
      truncate?: boolean | undefined
    }
  | {
      kind: 'fill_mask'
      texts: readonly string[]
      topK: number
      /** The only tokens to consider, as text. */
      targets?: readonly string[] | undefined
    }
  | {
      kind: 'answer'
      question: string
      context: string
      topK: number
      /** Tokens of an answer at most. */
      longest: number
      /** Whether "it does not say" is an answer. */
      mayBeEmpty: boolean
    }
)

/** The smallest piece of work that models of a task do. */
export function smallEncodeWork(task: ModelTask): EncodeWork {
  const texts = ['Hello']
  switch (task) {
    case 'feature-extraction':
      return { kind: 'embed', texts, normalize: true, encoding: 'float' }
    case 'token-classification':
    case 'fill-mask':
      return { kind: 'label_tokens', texts, aggregation: 'none', ignore: [] }
    case 'question-answering':
      return { kind: 'answer', question: 'Hello', context: 'Hello', topK: 1, longest: 1, mayBeEmpty: true }
    case 'text-ranking':
      return { kind: 'rank', query: 'Hello', documents: texts, topN: undefined, truncate: false }
    default:
      return { kind: 'classify', texts, topK: 1 }
  }
}
