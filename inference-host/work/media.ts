import type { MediaTask } from '../../shared/catalog.ts'

/** What can be asked of models of sounds and images, each about one file's bytes. */
export type MediaWork = { file: Uint8Array } & (
  | {
      kind: 'transcribe'
      /** By its code or its English name; undefined leaves it to the model. */
      language?: string | undefined
      /** The text that went before. */
      prompt?: string | undefined
      /** Whether the parts of the text say when they begin and end. */
      timestamps: boolean
    }
  | {
      kind: 'classify_image'
      /** How many labels; undefined is the library's usual number. */
      topK?: number | undefined
      activation?: 'softmax' | 'sigmoid' | 'none' | undefined
    }
  | { kind: 'caption' }
)

/** The smallest piece of work that models of a task do. */
export function smallMediaWork(task: MediaTask): MediaWork {
  switch (task) {
    case 'automatic-speech-recognition':
      return { kind: 'transcribe', file: SILENCE, timestamps: false }
    case 'image-classification':
      return { kind: 'classify_image', file: DOT }
    case 'image-to-text':
      return { kind: 'caption', file: DOT }
  }
}

/** An image that is much longer than high, since some models cut others into more pieces. */
export const SMALL_IMAGE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAABCAAAAADyEnGDAAAAC0lEQVR4nGNgQAMAABEAAe4mBk8AAAAASUVORK5CYII='

/** A WAV file of one sample, and a PNG of one pixel. */
const SILENCE = Uint8Array.from(
  atob('UklGRiYAAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQIAAAAAAA=='),
  (character) => character.charCodeAt(0),
)
const DOT = Uint8Array.from(
  atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=='),
  (character) => character.charCodeAt(0),
)
