import * as z from 'zod'

/**
 * How a model that sees an image in its own size counts it, where its size decides: one token for each square of `side`
 * pixels, of an image that is first scaled to between `least` and `most` pixels, and `around` tokens beside them.
 */
export const ImagePatches = z.strictObject({
  side: z.int().min(1).max(1024),
  least: z.int().min(1),
  most: z.int().min(1),
  around: z.int().min(0).max(1000),
})
export type ImagePatches = z.infer<typeof ImagePatches>

type Size = { width: number; height: number }
type Seeing = { image_tokens?: number | undefined; image_patches?: ImagePatches | undefined }

/** The longest side of an image is at most so many times the other one, for models that count patches. */
export const MOST_ASPECT = 200

/** The prompt tokens that an image counts as at most, by a model's entry in the catalog. */
export function mostImageTokens(
  { image_tokens: most = 0, image_patches: patches }: Seeing,
  size: Size,
): number {
  return patches ? Math.min(most, patchesOf(patches, size) + patches.around) : most
}

/** The squares of an image, by the rule of Qwen2-VL's processor (transformers, `smart_resize`). */
function patchesOf({ side, least, most }: ImagePatches, { width, height }: Size): number {
  const grow = Math.max(1, side / width, side / height)
  const [w, h] = grow > 1 ? [Math.round(width * grow), Math.round(height * grow)] : [width, height]
  const count = (squares: (pixels: number) => number) => squares(w) * squares(h)
  const usual = count((pixels) => Math.round(pixels / side))
  const area = usual * side ** 2
  if (area > most) {
    const by = Math.sqrt((w * h) / most)
    return count((pixels) => Math.max(1, Math.floor(pixels / by / side)))
  }
  if (area >= least) return usual
  const by = Math.sqrt(least / (w * h))
  return count((pixels) => Math.ceil((pixels * by) / side))
}
