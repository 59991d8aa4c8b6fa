import type { MediaTask } from '../../shared/catalog.ts'
import type { LoadRequest } from '../device/port.ts'
import { loadCaptioner } from './caption.ts'
import { loadClassifier } from './classify-image.ts'
import type { LoadedMedia } from './port.ts'
import { loadSpeech } from './speech.ts'

const LOADERS: Record<MediaTask, (request: LoadRequest) => Promise<LoadedMedia>> = {
  'automatic-speech-recognition': loadSpeech,
  'image-classification': loadClassifier,
  'image-to-text': loadCaptioner,
}

/**
 * Puts such a model on its device.
 * @throws Error where a file is missing or broken, or the model is of a kind that is not known here
 */
export function loadMedia(task: MediaTask, request: LoadRequest): Promise<LoadedMedia> {
  return LOADERS[task](request)
}
