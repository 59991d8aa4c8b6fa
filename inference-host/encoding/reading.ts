import type { Work } from '../work/work.ts'
import { readAnswers } from './answer.ts'
import { readLabels } from './classify.ts'
import { readEmbeddings } from './embed.ts'
import { readMasks } from './fill-mask.ts'
import { readEntities } from './label-tokens.ts'
import { readRanks } from './rank.ts'
import type { EncoderModel, Reading } from './reader.ts'
import { readZeroShot } from './zero-shot.ts'

/**
 * What a piece of work has an encoder compute, and how its answer is read.
 * @throws TwohopError `invalid_request` where it asks for what the model cannot do; Error for another model's work
 */
export function readingOf(model: EncoderModel, work: Work): Reading {
  switch (work.kind) {
    case 'embed':
      return readEmbeddings(model, work)
    case 'classify':
      return readLabels(model, work)
    case 'zero_shot':
      return readZeroShot(model, work)
    case 'rank':
      return readRanks(work)
    case 'label_tokens':
      return readEntities(model, work)
    case 'fill_mask':
      return readMasks(model, work)
    case 'answer':
      return readAnswers(model, work)
    default:
      throw new Error(`an encoder does no ${work.kind}`)
  }
}
