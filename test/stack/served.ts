import { HUB_TASKS } from '../../shared/catalog.ts'

/** The tasks that the README promises, held against the code's own list. */
export const TASKS_SERVED = [
  'text-classification',
  'feature-extraction',
  'token-classification',
  'zero-shot-classification',
  'fill-mask',
  'question-answering',
  'summarization',
  'translation',
  'text-generation',
  'automatic-speech-recognition',
  'image-classification',
  'image-to-text',
]

if (TASKS_SERVED.join() !== HUB_TASKS.join())
  throw new Error('the list of tasks has changed: mend README.md too')
