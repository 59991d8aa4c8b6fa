import { ENTRY_BYTES, MEMORY_A_BYTE, RECORD_BYTES } from '../../shared/jobs/kept.lua.ts'
import { stringBytes } from '../../shared/json-bytes.ts'
import type { HostMediaRequest } from '../../shared/media.ts'
import type { HostTaskRequest } from '../../shared/tasks.ts'
import type { Work } from '../parse/work.ts'

/** An answer's own fields, and those of one of its items, in bytes. */
const ENVELOPE = 512
const ITEM = 128
/** Bytes of JSON that stand for a token: most have four, and some of these are escaped. */
const TOKEN = 12
/** What parts of a transcript have beside their text, for each token of it. */
const SPOKEN = 64
/** A token with its log probability, which is written as text and as bytes. */
const LOGPROB = 160
/** What a token classifier may say of a token. */
const ENTITY = 192
/** Numbers in a vector where the catalog does not say how many. */
const WIDTH = 1024
/** Results of an input where the request does not say how many. */
const TOP_K = 5
/** An error in place of a result. There is room for one for each input, beside the results. */
const ERROR = 512

const utf8 = new TextEncoder()

/** The fields of any of the host's requests that say how long its answer is. */
type Asked = Partial<Pick<HostTaskRequest, 'inputs'>> & {
  parameters?: HostTaskRequest['parameters'] & HostMediaRequest['parameters']
  input?: readonly string[]
  documents?: readonly string[]
  return_documents?: boolean
  dimensions?: number
  n?: number
  logprobs?: number
}

/**
 * The bytes of Redis's memory that a job holds until it ends, and those of them for its results (`room`). The room is
 * enough for ordinary answers. An answer of nothing but long tokens may take more; then an error takes its place.
 */
export function bytesOf(works: readonly Work[], inputs: readonly string[]): { held: number; room: number } {
  const room = sum(works.map((work) => memoryOf(answerBytes(work))))
  const texts = sum(inputs.map((input) => memoryOf(utf8.encode(input).length)))
  return { room, held: RECORD_BYTES + texts + room + works.length * memoryOf(ERROR) }
}

const memoryOf = (bytes: number) => Math.ceil(bytes * MEMORY_A_BYTE) + ENTRY_BYTES

/** The bytes of an answer as JSON. Vectors are kept as base64 of their 32-bit floats (shared/jobs/vectors.ts). */
function answerBytes({ task, model, request, worst }: Work): number {
  const asked: Asked = request
  const { inputs = asked.input ?? [], parameters = {} } = asked
  const perInput = (bytes: number) => ENVELOPE + inputs.length * (ITEM + bytes)
  const texts = (all: readonly string[]) => sum(all.map(stringBytes))
  const many = parameters.top_k ?? TOP_K
  switch (task) {
    case 'embedding':
    case 'feature-extraction':
      return perInput(Math.ceil(((asked.dimensions ?? model.width ?? WIDTH) * 16) / 3))
    case 'text-ranking': {
      const { documents = [], return_documents } = asked
      return ENVELOPE + documents.length * ITEM + (return_documents ? texts(documents) : 0)
    }
    case 'text-classification':
      return perInput(many * ITEM)
    case 'zero-shot-classification':
      return perInput(
        texts(parameters.candidate_labels ?? []) + (parameters.candidate_labels?.length ?? 0) * ITEM,
      )
    case 'image-classification':
      return ENVELOPE + many * ITEM
    case 'automatic-speech-recognition':
      // Each text twice where its parts say when they are said, and what else is told of a part.
      return ENVELOPE + worst.outputTokens * (TOKEN + (parameters.timestamps ? SPOKEN : 0))
    case 'token-classification':
      return perInput(0) + worst.promptTokens * ENTITY
    case 'fill-mask':
      return perInput(many * ITEM) + many * texts(inputs)
    case 'question-answering':
      return ENVELOPE + (parameters.top_k ?? 1) * (ITEM + (parameters.max_answer_len ?? 15) * TOKEN)
    default: {
      const { n = 1, logprobs } = asked
      const each = TOKEN + (logprobs === undefined ? 0 : LOGPROB * (logprobs + 1))
      const given = parameters.return_full_text === false ? 0 : texts(inputs)
      return ENVELOPE + n * ITEM + worst.outputTokens * each + given
    }
  }
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
