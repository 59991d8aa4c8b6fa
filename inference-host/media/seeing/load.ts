import { cat, type Tensor } from '@huggingface/transformers'
import { imagesOf } from '../../../shared/openai/content.ts'
import { countTokens } from '../../decoding/writing/count-tokens.ts'
import { aloneWrite } from '../../decoding/writing/generate.ts'
import { readTokenBytes } from '../../decoding/writing/token-bytes.ts'
import { writeOn } from '../../decoding/writing/write-on.ts'
import { loadText, loadWeights } from '../../device/load.ts'
import type { LoadRequest } from '../../device/port.ts'
import type { Counts } from '../../work/engine.ts'
import type { Work } from '../../work/work.ts'
import { decodeImage, uprightSize } from '../image.ts'
import type { LoadedMedia } from '../port.ts'
import { measureSeeing, readImageReader, type SeeingCost } from './read.ts'

/** An image of a chat, of which only the header has been read. */
type Shown = { file: Uint8Array; field: string }
/** With what stands for it in the prompt. */
type Read = Shown & { text: string }

/**
 * Puts a model that answers chats with images on its device. It answers one at a time.
 * @throws Error where a file is missing or broken, or the model is of a kind that is not known here
 */
export async function loadSeeing(request: LoadRequest): Promise<LoadedMedia & SeeingCost> {
  const [loaded, reader, model] = await Promise.all([
    loadText(request),
    readImageReader(request.folder),
    loadWeights(request),
  ])
  const { config, context } = loaded
  reader.mend?.(model)
  const vocab = config.text_config?.vocab_size ?? config.vocab_size ?? 0
  const [tokens, cost] = await Promise.all([
    readTokenBytes(request.folder, loaded, vocab),
    measureSeeing(loaded, reader),
  ])

  /**
   * The model's inputs for all images, decoded one after another. Undefined where `stopped` ended it. What was decoded until then counts,
   * also where a later image is broken: a small file may take a core for seconds.
   */
  async function inputsOf(
    images: readonly Read[],
    stopped: () => boolean,
    counts: Counts,
  ): Promise<Record<string, Tensor> | undefined> {
    const seen: Record<string, Tensor>[] = []
    for (const { file, field, text } of images) {
      if (stopped()) return undefined
      const began = performance.now()
      const image = await decodeImage(file, field).finally(() => {
        counts.readMs += performance.now() - began
      })
      counts.promptTokens += text.split(reader.mark).length - 1
      if (stopped()) return undefined
      seen.push(await reader.see(image))
    }
    if (stopped()) return undefined
    const [first = {}] = seen
    const together = (name: string) =>
      cat(
        seen.flatMap((inputs) => inputs[name] ?? []),
        reader.axis,
      )
    return Object.fromEntries(Object.keys(first).map((name) => [name, together(name)]))
  }

  return {
    context,
    ...cost,
    async perform(work, options) {
      if (work.kind !== 'chat' && work.kind !== 'count')
        throw new Error(`a model that sees does no ${work.kind}`)
      const images: Read[] = []
      for (const { file, field } of shownIn(work.messages)) {
        if (options.stopped()) return undefined
        images.push({ file, field, text: reader.textOf(await uprightSize(file, field), field) })
      }
      const shown = { mark: reader.mark, texts: images.map(({ text }) => text) }
      if (work.kind === 'count') return countTokens(loaded, work, options, shown)
      let inputs: ReturnType<typeof inputsOf> | undefined
      const write = aloneWrite({ model }, (stopped) => (inputs ??= inputsOf(images, stopped, options.counts)))
      return writeOn({ loaded, tokens, write, together: false, shown }, work, options)
    },
  }
}

/** The images of a chat, in order, each with the field that it is from. */
function shownIn(messages: Extract<Work, { kind: 'chat' }>['messages']): Shown[] {
  return messages.flatMap(({ content }, i) =>
    imagesOf(content).map((url) => ({
      file: Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'),
      field: `messages[${i}].content`,
    })),
  )
}
