import { wholeText } from '../generation.ts'
import { only, type TaskRoute } from './route.ts'

/** The tasks whose answer is written token by token. */
export const WRITING = {
  summarization: seq2seq('summary_text'),
  translation: seq2seq('translation_text'),
  'text-generation': {
    work: (request, limits) => ({
      kind: 'complete',
      prompt: only(request),
      sampling: {
        temperature: request.parameters.temperature,
        topP: request.parameters.top_p,
        topK: request.parameters.top_k,
        repetitionPenalty: request.parameters.repetition_penalty,
        frequencyPenalty: request.parameters.frequency_penalty,
        seed: request.parameters.seed,
        stop: request.parameters.stop ?? [],
      },
      limits,
    }),
    json: async (run, request) => {
      const { text } = await wholeText(run)
      const full = request.parameters.return_full_text ?? true
      return JSON.stringify([{ generated_text: full ? only(request) + text : text }])
    },
  },
} as const satisfies Record<string, TaskRoute>

function seq2seq(key: 'summary_text' | 'translation_text'): TaskRoute {
  return {
    work: (request, limits) => ({
      kind: 'seq2seq',
      text: only(request),
      from: request.parameters.src_lang,
      to: request.parameters.tgt_lang,
      limits,
    }),
    json: async (run) => JSON.stringify([{ [key]: (await wholeText(run)).text }]),
  }
}
