import type { PreTrainedModel, Tensor } from '@huggingface/transformers'
import type { ImagePatches } from '../../../shared/image-tokens.ts'
import type { Pixels } from '../image.ts'

export type Size = { width: number; height: number }

/** How a family of models takes the images of a chat. */
export type ImageReader = {
  /** What the chat template writes where an image is. */
  mark: string
  /**
   * What stands there in the prompt, known from the image's size alone.
   * @throws TwohopError invalid_request, of `field`, for an image that is too long for its width
   */
  textOf(size: Size, field: string): string
  /** The model's inputs for one image. */
  see(image: Pixels): Promise<Record<string, Tensor>>
  /** The dimension along which those of several images are put together. */
  axis: number
  /** The longest text that stands for an image. */
  longest: string
  /** Sets right what the library does wrong with a model of this family. */
  mend?(model: PreTrainedModel): void
  /** The rule by which an image's size decides, where it does. */
  patches?: Omit<ImagePatches, 'around'>
}
