import type { Job } from '../engine/port.ts'
import { readAnswers } from './answer.ts'
import { readLabels } from './classify.ts'
import { readEmbeddings } from './embed.ts'
import { readMasks } from './fill-mask.ts'
import { readEntities } from './label-tokens.ts'
import { readRanks } from './rank.ts'
import type { EncoderModel, Reading } from './reader.ts'
import { readZeroShot } from './zero-shot.ts'

/**
 * What a job has an encoder compute, and how its answer is read.
 * @throws TwohopError `invalid_request` where it asks for what the model cannot do; Error for another model's job
 */
export function readingOf(model: EncoderModel, job: Job): Reading {
  switch (job.kind) {
    case 'embed':
      return readEmbeddings(model, job)
    case 'classify':
      return readLabels(model, job)
    case 'zero_shot':
      return readZeroShot(model, job)
    case 'rank':
      return readRanks(job)
    case 'label_tokens':
      return readEntities(model, job)
    case 'fill_mask':
      return readMasks(model, job)
    case 'answer':
      return readAnswers(model, job)
    default:
      throw new Error(`an encoder does no ${job.kind}`)
  }
}
