import { firstTimes, totalTimes } from './measured.ts'
import type { Sums } from './packed.ts'
import type { ModelStats } from './port.ts'
import { outcomesOf, usageSums } from './usage-sums.ts'

/** The name of the field that has errors, beside those of models. */
const ERRORS_FIELD = 'errors'

/** Whether the words of a field's name say that it has errors by code. */
export const isErrors = (words: readonly string[]): boolean => words.length === 1 && words[0] === ERRORS_FIELD

/**
 * What the sums of a model say.
 * @param words those of the field's name: task, version or `-`, and the model, which may have spaces
 */
export function modelStats([task = '', version, ...model]: readonly string[], sums: Sums): ModelStats {
  return {
    model: model.join(' '),
    version: version === '-' ? undefined : version,
    task,
    ...usageSums(sums),
    outcomes: outcomesOf(sums),
    total: totalTimes(sums),
    first: firstTimes(sums),
  }
}
