import { TwohopError } from '../../../shared/errors.ts'
import { HYPOTHESIS } from '../../../shared/tasks.ts'
import { outputOf } from '../output.ts'
import type { TaskRoute } from './route.ts'

/** What the hub takes where a request says nothing. */
const DEFAULTS = {
  ignoredLabels: ['O'],
  filledMasks: 5,
  answers: 1,
  answerTokens: 15,
}

/** The list of all inputs' items, or for a single input its item. */
const itemOrList: TaskRoute['json'] = async (run, { single }) => {
  const { json } = await outputOf(run, 'items')
  return single && json[0] !== undefined ? json[0] : `[${json.join(',')}]`
}

/** The tasks that read texts and generate none. */
export const READING = {
  'text-classification': {
    work: ({ inputs, parameters, single }, limits) => ({
      kind: 'classify',
      apart: !single,
      texts: inputs,
      topK: parameters.top_k,
      activation: parameters.function_to_apply,
      truncate: parameters.truncate,
      limits,
    }),
    // The hub answers a list of lists, also to a single input.
    json: async (run) => `[${(await outputOf(run, 'items')).json.join(',')}]`,
  },
  'feature-extraction': {
    // The hub's embedding servers normalize unless told not to.
    work: ({ inputs, parameters, single }, limits) => ({
      kind: 'embed',
      apart: !single,
      texts: inputs,
      field: 'inputs',
      normalize: parameters.normalize ?? true,
      encoding: 'float',
      truncate: parameters.truncate,
      limits,
    }),
    json: itemOrList,
  },
  'token-classification': {
    work: ({ inputs, parameters, single }, limits) => ({
      kind: 'label_tokens',
      apart: !single,
      texts: inputs,
      aggregation: parameters.aggregation_strategy ?? 'simple',
      ignore: parameters.ignore_labels ?? DEFAULTS.ignoredLabels,
      truncate: parameters.truncate,
      limits,
    }),
    json: itemOrList,
  },
  'zero-shot-classification': {
    work: ({ inputs, parameters, single }, limits) => ({
      kind: 'zero_shot',
      apart: !single,
      texts: inputs,
      labels: required(parameters.candidate_labels, 'parameters.candidate_labels'),
      template: parameters.hypothesis_template ?? HYPOTHESIS,
      multiLabel: parameters.multi_label ?? false,
      limits,
    }),
    json: itemOrList,
  },
  'fill-mask': {
    work: ({ inputs, parameters, single }, limits) => ({
      kind: 'fill_mask',
      apart: !single,
      texts: inputs,
      topK: parameters.top_k ?? DEFAULTS.filledMasks,
      targets: parameters.targets,
      limits,
    }),
    json: itemOrList,
  },
  'question-answering': {
    work: ({ inputs: [question, context, ...more], parameters }, limits) => ({
      kind: 'answer',
      question: required(question, 'inputs.question'),
      context: required(more.length === 0 ? context : undefined, 'inputs.context'),
      topK: parameters.top_k ?? DEFAULTS.answers,
      longest: parameters.max_answer_len ?? DEFAULTS.answerTokens,
      mayBeEmpty: parameters.handle_impossible_answer ?? false,
      limits,
    }),
    json: async (run, { parameters }) => {
      const { json } = await outputOf(run, 'items')
      return parameters.top_k === undefined && json[0] !== undefined ? json[0] : `[${json.join(',')}]`
    },
  },
} as const satisfies Record<string, TaskRoute>

function required<Value>(value: Value | undefined, param: string): Value {
  if (value === undefined)
    throw new TwohopError('invalid_request', 'Expected a value, found nothing.', { param })
  return value
}
