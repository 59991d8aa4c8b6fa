import type { MediaTask } from '../../shared/catalog.ts'
import { loadText } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import { measureSeeing, readImageReader, type SeeingCost } from './seeing/read.ts'
import { readEye } from './sight.ts'

/** What the files of a model of sounds or images say: the tokens of its texts, and those that an image counts as. */
export type MediaDescription = { context: number; imageTokens?: number }

/** @throws Error where a file is missing or broken */
export async function describeMedia(
  task: MediaTask,
  { folder, context }: Pick<LoadRequest, 'folder' | 'context'>,
): Promise<MediaDescription> {
  if (task === 'automatic-speech-recognition')
    return { context: (await loadText({ folder, context })).context }
  const { imageTokens } = await readEye(folder)
  // A classifier writes nothing.
  if (task === 'image-classification') return { context: 1, imageTokens }
  return { context: (await loadText({ folder, context })).context, imageTokens }
}

/**
 * The same of a model that answers chats with images.
 * @throws Error where a file is missing or broken, or the model is of a kind that is not known here
 */
export async function describeSeeing(
  request: Pick<LoadRequest, 'folder' | 'context'>,
): Promise<SeeingCost & { context: number }> {
  const [text, reader] = await Promise.all([loadText(request), readImageReader(request.folder)])
  return { context: text.context, ...(await measureSeeing(text, reader)) }
}
