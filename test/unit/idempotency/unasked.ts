import type { Answers } from '../../../edge/idempotency/answers.ts'

/** For requests without an idempotency key, of which nothing is kept. */
export const unasked: Answers = {
  keep: () => Promise.reject(new Error('nothing is to be kept')),
  repeat: () => Promise.reject(new Error('nothing was asked before')),
}
