import { ImageProcessor } from '@huggingface/transformers'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeImage, uprightSize } from '../../../../inference-host/media/image.ts'
import { readImageSize } from '../../../../shared/image-size.ts'
import { jpegHeader, pngOf } from '../../../fixtures/images.ts'

/** Left half black, right half white. */
const HALVES = pngOf(40, 20, (x) => (x < 20 ? 0 : 255))
const KINDS = ['jpeg', 'png', 'webp'] as const

/** As a camera writes it that was held on its side: its right side is below. */
const onItsSide = (kind: (typeof KINDS)[number]) =>
  sharp(HALVES).toFormat(kind).withMetadata({ orientation: 6 }).toBuffer()

describe('an image that was taken on its side', () => {
  it.each(KINDS)('%s: its size is that of what is decoded, which stands upright', async (kind) => {
    const file = await onItsSide(kind)
    expect(readImageSize(file, 'f')).toMatchObject({ width: 40, height: 20 })
    const { width, height, data } = await decodeImage(file)
    expect([width, height]).toEqual([20, 40])
    expect(await uprightSize(file, 'f')).toEqual({ width, height })
    expect(data.at(0)).toBeLessThan(30)
    expect(data.at(-1)).toBeGreaterThan(225)
  })
})

it('gray with some that shows through is read as gray', async () => {
  const file = await sharp(HALVES).greyscale().ensureAlpha(0.5).toColourspace('b-w').png().toBuffer()
  expect(await sharp(file).metadata()).toMatchObject({ channels: 2 })
  const { width, height, channels, data } = await decodeImage(file)
  expect([width, height, channels, data.length]).toEqual([40, 20, 3, 40 * 20 * 3])
  expect([...data.slice(57, 63)]).toEqual([0, 0, 0, 255, 255, 255])
})

it('of one that moves, the first picture is read', async () => {
  const pictures = [HALVES, pngOf(40, 20, () => 128)]
  const file = await sharp(pictures, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer()
  expect(await sharp(file).metadata()).toMatchObject({ pages: 2 })
  expect(await uprightSize(file, 'f')).toEqual({ width: 40, height: 20 })
  const { width, height, data } = await decodeImage(file)
  expect([width, height, data.at(0), data.at(-1)]).toEqual([40, 20, 0, 255])
})

describe('is refused by its field', () => {
  it('where a line of pixels is left without its margins: its scaling to a length of its shorter side takes gigabytes', async () => {
    const page = await decodeImage(
      pngOf(400, 400, (_, y) => (y === 0 ? 0 : 255)),
      'f',
    )
    const processor = new ImageProcessor({ size: { shortest_edge: 256 } })
    const line = await processor.crop_margin(page)
    expect(line.size).toEqual([400, 1])
    await expect(processor.resize(line).then(({ size }) => size)).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'f',
    })
    expect((await processor.resize(page)).size).toEqual([256, 256])
  })

  it('where the decoder does not know its header', async () => {
    for (const read of [uprightSize, decodeImage])
      await expect(read(jpegHeader(10, 10), 'f')).rejects.toMatchObject({
        ...{ code: 'invalid_request', param: 'f' },
      })
  })

  it('where a decoder would see more pixels than its header says', async () => {
    const large = await sharp({ create: { width: 5000, height: 4000, channels: 3, background: '#000' } })
      .jpeg()
      .toBuffer()
    // A marker without a length, and a note that has another frame where a length would lead.
    const note = new Uint8Array(0xffff - 2)
    note.set(jpegHeader(10, 10).slice(-13), 2 + 2 + 0xffe5 - 8)
    const before = [0xff, 0xd8, 0xff, 0x01, 0xff, 0xe5, 0xff, 0xff]
    const file = Buffer.concat([Buffer.from(before), note, large.subarray(2)])
    expect(await sharp(file).metadata()).toMatchObject({ width: 5000, height: 4000 })
    await expect(decodeImage(file, 'f').then(({ size }) => size)).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'f',
    })
  })
})
