import { calls } from './calls.ts'
import { embeddings } from './embeddings.ts'
import { fairness } from './fairness.ts'
import { firstToken } from './first-token.ts'
import { gaps } from './gaps.ts'
import type { Measurement } from './measurement.ts'
import { memory } from './memory.ts'
import { questions } from './questions.ts'
import { sameAnswers } from './same-answers.ts'
import { scaling } from './scaling.ts'
import { seq2seq } from './seq2seq.ts'
import { throughput } from './throughput.ts'

/** Every measurement of the host, in the order in which they run. */
export const MEASUREMENTS: readonly Measurement[] = [
  throughput,
  firstToken,
  gaps,
  fairness,
  embeddings,
  seq2seq,
  questions,
  sameAnswers,
  scaling,
  calls,
  memory,
]
