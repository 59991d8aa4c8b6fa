import type { LoadedText } from '../../device/load.ts'
import { chatPrompt, textPrompt } from './prompt.ts'

/** Two texts that no tokenizer begins alike. */
const OTHERS = ['A', '9'] as const

/**
 * The token sequences with which prompts begin that begin with one of `texts`: as a chat's system text, and as a text to
 * go on with. Tokens that hang on what follows are left out, and so is a chat where the model has no template, or one
 * that takes no system text.
 */
export function publicPrefixes(loaded: Pick<LoadedText, 'tokenizer'>, texts: readonly string[]): number[][] {
  const chat = (system: string) =>
    common(
      OTHERS.map((content) =>
        chatPrompt(loaded, [
          { role: 'system', content: system },
          { role: 'user', content },
        ]),
      ),
    )
  const text = (prefix: string) => common(OTHERS.map((other) => textPrompt(loaded, prefix + other)))
  return texts
    .flatMap((one) => [chat, text].map((layOut) => attempt(() => layOut(one))))
    .filter(({ length }) => length > 0)
}

function attempt(layOut: () => number[]): number[] {
  try {
    return layOut()
  } catch {
    return []
  }
}

/** What all the sequences begin with. */
function common([first = [], ...others]: readonly (readonly number[])[]): number[] {
  const differs = first.findIndex((id, i) => others.some((other) => other[i] !== id))
  return first.slice(0, differs < 0 ? first.length : differs)
}
