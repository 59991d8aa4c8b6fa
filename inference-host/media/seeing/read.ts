import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AutoImageProcessor, Idefics3ImageProcessor, Qwen2VLImageProcessor } from '@huggingface/transformers'
import * as z from 'zod'
import type { ImagePatches } from '../../../shared/image-tokens.ts'
import type { LoadedText } from '../../device/load.ts'
import { textTokensOf } from '../../tokens/text-tokens.ts'
import { asPart, measureAroundImage, measureOverhead, type Overhead } from '../../weights/overhead.ts'
import { patchReader } from './patches.ts'
import type { ImageReader } from './reader.ts'
import { tileReader } from './tiles.ts'

const ProcessorConfig = z.object({ image_seq_len: z.int().min(1).max(10_000) })

/**
 * Reads how a model's folder takes images.
 * @throws Error where it does not say, or in a way that is not known here
 */
export async function readImageReader(folder: string): Promise<ImageReader> {
  const processor = await AutoImageProcessor.from_pretrained(folder, { local_files_only: true })
  if (processor instanceof Idefics3ImageProcessor) {
    const text = await readFile(path.join(folder, 'processor_config.json'), 'utf8')
    return tileReader(processor, ProcessorConfig.parse(JSON.parse(text)).image_seq_len)
  }
  if (processor instanceof Qwen2VLImageProcessor) return patchReader(processor)
  throw new Error('it takes images in a way that is not known here; known are those of Idefics3 and Qwen2-VL')
}

/** What the prompts of a model that sees have beside the texts. */
export type SeeingCost = { overhead: Overhead; imageTokens: number; imagePatches?: ImagePatches }

/**
 * Measures what a chat's prompt has beside its texts: per request and message, and for an image at most.
 * @throws ModelError template_unsupported where the chat template has no place for images
 */
export async function measureSeeing(
  { tokenizer }: Pick<LoadedText, 'tokenizer'>,
  { mark, longest, patches }: ImageReader,
): Promise<SeeingCost> {
  const around = measureAroundImage(tokenizer, mark)
  const all = { around: false, most: Number.POSITIVE_INFINITY }
  const { ids } = await textTokensOf(tokenizer).marked(longest, '', all)
  return {
    overhead: measureOverhead(tokenizer, asPart),
    imageTokens: ids.length + around,
    ...(patches && { imagePatches: { ...patches, around } }),
  }
}
